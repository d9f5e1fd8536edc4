/** A chunk that workers run together is bit-identical to one that runs alone, whatever their number. */
import {
  adam,
  add,
  clipByGlobalNorm,
  less,
  logSoftmax,
  matmul,
  mean,
  mul,
  neg,
  normal,
  oneHot,
  parameter,
  randomUniform,
  relu,
  rmsprop,
  sgd,
  square,
  sqrt,
  div,
  defineModel,
  sub,
  sum,
  zeros,
  type Optimizer,
} from '@gradpool/core'
import {
  withMicroBatches,
  train,
  traceProgram,
  type BatchProgram,
  type Engine,
  type Execution,
  type ChunkResult,
} from '@gradpool/core/engine'
import {
  bitsOf,
  choices,
  data,
  f32,
  fieldsOf,
  OP_CASES,
  randomTraining,
  oddExamples as examples,
  splitOf,
  Threads,
  wholeBatch,
} from '@gradpool/engine-contract'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nativeEngine, nativeInstructionSets, wasmEngine } from './index.js'

const memory = { memoryBytes: 2 ** 28 }
const MOST = 4

/** A classifier with batch normalisation and dropout, of odd sizes, on 61 examples. */
const odd = defineModel({
  params: {
    hidden: parameter([9, 70], normal(0.3)),
    scale: parameter([70], normal(1)),
    middle: parameter([70, 37], normal(0.3)),
    bias: parameter([37], zeros),
    output: parameter([37, 4], normal(0.3)),
  },
  step(weights, { image, label }) {
    const first = matmul(mul(image, 1 / 255), weights.hidden)
    const centred = sub(first, mean(first, 0))
    const normalised = div(centred, sqrt(add(mean(square(centred), 0), 0.01)))
    const hidden = relu(add(matmul(mul(normalised, weights.scale), weights.middle), weights.bias))
    const kept = less(randomUniform(hidden.shape, 'dropout'), 0.8)
    const logits = matmul(mul(hidden, kept), weights.output)
    return { loss: neg(mean(sum(mul(logSoftmax(logits), oneHot(label, 4)), [1]))) }
  },
})
const OPTIMIZERS: readonly [string, Optimizer][] = [
  ['sgd with momentum', sgd({ learningRate: 0.1, momentum: 0.9 })],
  ['rmsprop', rmsprop({ learningRate: 0.01 })],
  ['adam', adam({ learningRate: 0.01 })],
  ['adam with clipping', adam({ learningRate: 0.01, clip: clipByGlobalNorm(0.5) })],
]

function bitsAfter(execution: Execution, { means, status }: ChunkResult): Record<string, string> {
  expect(status).toBe('done')
  return bitsOf({ ...execution.read(), ...means })
}

const engines = [
  ['wasm', wasmEngine],
  ...(nativeInstructionSets().length > 0 ? [['native', nativeEngine] as const] : []),
] as const

describe.each(engines)('%s', (_, makeEngine) => {
  let engine: Engine
  let threads: Threads
  beforeAll(async () => {
    engine = await makeEngine(memory)
    threads = new Threads(engine, MOST)
  })
  afterAll(async () => {
    await threads.close()
    await engine.dispose()
  })

  /** Bits after some steps: of one worker alone, and of several, which change in number between chunks. */
  const expectSame = async (
    program: BatchProgram,
    split: typeof examples,
    chunks: readonly number[],
    workers: readonly number[],
  ): Promise<void> => {
    const alone = await engine.compile(program, { data: split, seed: 5 })
    const shared = await engine.compile(program, { data: split, seed: 5, workers: MOST })
    try {
      for (const [index, steps] of chunks.entries()) {
        const together = await threads.run(shared, steps, workers[index % workers.length] ?? 1)
        expect(bitsAfter(shared, together)).toEqual(bitsAfter(alone, await alone.run({ steps })))
      }
    } finally {
      alone.dispose()
      shared.dispose()
    }
  }

  test.each(Object.entries(OP_CASES))('%s', async (_name, build) => {
    const program = traceProgram((trace) => trace.result('value', build(fieldsOf(trace))))
    for (const microBatches of [1, 3]) {
      const batch = wholeBatch(withMicroBatches(program, microBatches), 5)
      await expectSame(batch, data, [1, 1], [2, 3])
    }
  })

  test('random Programs of any extent', async () => {
    const parts = fc.integer({ min: 1, max: 9 })
    await fc.assert(
      fc.asyncProperty(choices, fc.nat(69), parts, async (graph, less1, microBatches) => {
        const extent = less1 + 1
        const program = withMicroBatches(traceProgram(randomTraining(extent, graph)), microBatches)
        const split = splitOf({ x: f32([extent], extent, 1) }, extent)
        await expectSame(wholeBatch(program, extent), split, [2, 1, 1], [4, 1, 3])
      }),
      { numRuns: 40, seed: 3 },
    )
  })

  test.each(OPTIMIZERS)('%s, batch normalisation and dropout', async (_name, optimizer) => {
    for (const microBatches of [1, 8]) {
      const program = train(odd, { optimizer, batchSize: 16, microBatches, data: examples })
      await expectSame(program, examples, [30, 7, 10, 40], [2, 3, 1, 4])
    }
  })
})
