/** Checks of the engines: each trains a tiny model, and has to get it right. */
import { relu, sgd, defineModel } from '@gradpool/core'
import { type Engine, train } from '@gradpool/core/engine'
import { hasNativeCode, nativeEngine, wasmEngine, whyNotNative } from '@gradpool/engine-cpu'
import { crossEntropy, dense } from '@gradpool/models'
import { type Check, firstLineOf } from './check.js'

const numExamples = 32
const steps = 200

export function checkWasmEngine(): Promise<Check> {
  const remedy = 'use a Node with WebAssembly SIMD and shared memory (any official build has them)'
  return checkEngine('Engine wasm', wasmEngine, remedy)
}

/** Nothing needs it, but it is several times faster. */
export async function checkNativeEngine(): Promise<Check> {
  const name = 'Engine native'
  if (hasNativeCode()) return checkEngine(name, nativeEngine, 'report this as a defect of Gradpool')
  return { name, state: 'warn', found: 'not there; wasm gives the same results', remedy: whyNotNative() }
}

/** Nothing needs it; it is for those who want TensorFlow. */
export async function checkTensorFlowEngine(): Promise<Check> {
  const name = 'Engine tensorflow'
  const remedy = 'run `gradpool setup tensorflow`'
  const { findTensorFlow, tensorflowEngine } = await import('@gradpool/engine-tensorflow')
  const found = await findTensorFlow()
  if (found === undefined) return { name, state: 'ok', found: `not set up; to use it, ${remedy}` }
  const check = await checkEngine(name, tensorflowEngine, remedy)
  return check.state === 'ok' ? { ...check, found: `${check.found}; from ${found.origin}` } : check
}

async function checkEngine(name: string, make: () => Promise<Engine>, remedy: string): Promise<Check> {
  let engine: Engine | undefined
  try {
    engine = await make()
    const { first, last } = await losses(engine)
    if (last < first / 4) return { name, state: 'ok', found: engine.description }
    const found = `it learns wrongly: the loss of a tiny model went from ${first} to ${last}`
    return { name, state: 'fail', found, remedy: 'report this as a defect of Gradpool' }
  } catch (error) {
    return { name, state: 'fail', found: firstLineOf(error), remedy }
  } finally {
    await engine?.dispose()
  }
}

/** First and last loss of a model that learns which half of its input is lit. */
async function losses(engine: Engine): Promise<{ first: number; last: number }> {
  const image = engine.allocate(numExamples * 4)
  const label = engine.allocate(numExamples)
  for (let row = 0; row < numExamples; row += 1) {
    const half = row % 2
    label[row] = half
    image.set(half === 0 ? [200, 100, 0, 0] : [0, 0, 100, 200], row * 4)
  }
  const data = {
    fields: {
      image: { dtype: 'u8', shape: [4], values: image },
      label: { dtype: 'u8', shape: [], values: label },
    },
    rows: Int32Array.from({ length: numExamples }, (_, row) => row),
  } as const
  const tiny = defineModel({
    params: { hidden: dense(4, 8), output: dense(8, 2) },
    step: ({ hidden, output }, batch) => ({
      loss: crossEntropy(output(relu(hidden(batch.image))), batch.label),
    }),
  })
  const program = train(tiny, { optimizer: sgd({ learningRate: 1e-4 }), batchSize: 8, data })
  const execution = await engine.compile(program, { data, seed: 0 })
  try {
    const before = await execution.run({ steps: 1 })
    const after = await execution.run({ steps })
    return { first: before.lastLoss, last: after.lastLoss }
  } finally {
    execution.dispose()
  }
}
