/**
 * Networks of any make, cut into 8 micro-batches, are bit-identical on 1, 2, 3, 4 and 8 workers, in both builds of
 * WebAssembly and in native code: layers, widths, batches and optimizers are drawn at random.
 */
import {
  adam,
  add,
  assign,
  buffer,
  clipByGlobalNorm,
  div,
  logSoftmax,
  matmul,
  mean,
  module,
  type Module,
  mul,
  neg,
  normal,
  greaterEqual,
  oneHot,
  ones,
  parameter,
  randomUniform,
  relu,
  sgd,
  sigmoid,
  sqrt,
  square,
  defineModel,
  sub,
  sum,
  tanh,
  zeros,
  type Model,
  type Tensor,
} from '@gradpool/core'
import { train, type Engine } from '@gradpool/core/engine'
import { bitsOf, oddExamples, Threads } from '@gradpool/engine-contract'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { nativeEngine, nativeInstructionSets, wasmBuilds, wasmEngine } from './index.js'

const MICRO_BATCHES = 8
const WORKERS = [2, 3, 4, 8]
const PIXELS = 9
const CLASSES = 4
/** More than two epochs of the largest batches, with their shorter last one. */
const STEPS = 13

type Layer = (x: Tensor) => Tensor

const activations = { relu, tanh, sigmoid } as const
const optimizers = {
  sgd: sgd({ learningRate: 0.1 }),
  momentum: sgd({ learningRate: 0.05, momentum: 0.9 }),
  adam: adam({ learningRate: 0.01 }),
  'adam, clipped': adam({ learningRate: 0.01, clip: clipByGlobalNorm(0.5) }),
} as const

const layerChoice = fc.record({
  width: fc.integer({ min: 1, max: 90 }),
  activation: fc.constantFrom('relu', 'tanh', 'sigmoid'),
  isNormalised: fc.boolean(),
  dropout: fc.constantFrom(0, 0, 0.3),
})
const architecture = fc.record({
  layers: fc.array(layerChoice, { minLength: 0, maxLength: 4 }),
  kind: fc.constantFrom('classify', 'reconstruct'),
  optimizer: fc.constantFrom(...(Object.keys(optimizers) as (keyof typeof optimizers)[])),
  batchSize: fc.integer({ min: 1, max: 40 }),
})

function dense(inputs: number, outputs: number): Module<Layer> {
  const params = {
    weight: parameter([inputs, outputs], normal(0.3)),
    bias: parameter([outputs], zeros),
  }
  return module(
    params,
    ({ weight, bias }) =>
      (x) =>
        add(matmul(x, weight), bias),
  )
}

/** Batch normalisation, whose running mean is a state that no gradient moves. */
function normalised(features: number): Module<Layer> {
  const params = { scale: parameter([features], ones), running: buffer([features], zeros) }
  return module(params, ({ scale, running }) => (x) => {
    const centre = mean(x, 0)
    const variance = mean(square(sub(x, centre)), 0)
    assign(running, add(mul(running, 0.9), mul(centre, 0.1)))
    return mul(div(sub(x, centre), sqrt(add(variance, 0.01))), scale)
  })
}

function dropout(rate: number): Module<Layer> {
  return module({}, (_, { path }) => (x) => {
    return mul(x, greaterEqual(randomUniform(x.shape, `dropout/${path}`), rate))
  })
}

type Architecture = typeof architecture extends fc.Arbitrary<infer Value> ? Value : never

function modelOf({ layers, kind }: Architecture): Model {
  const params: Record<string, Module<Layer>> = {}
  const steps: ((bound: Readonly<Record<string, Layer>>, x: Tensor) => Tensor)[] = []
  let features = PIXELS
  const use = (name: string, layer: Module<Layer>) => {
    params[name] = layer
    steps.push((bound, x) => bound[name]?.(x) ?? x)
  }
  layers.forEach(({ width, activation, isNormalised, dropout: rate }, i) => {
    use(`dense${i}`, dense(features, width))
    if (isNormalised) use(`norm${i}`, normalised(width))
    steps.push((_, x) => activations[activation](x))
    if (rate > 0) use(`dropout${i}`, dropout(rate))
    features = width
  })
  use('output', dense(features, kind === 'classify' ? CLASSES : PIXELS))
  return defineModel({
    params,
    step(bound, { image, label }) {
      const pixels = mul(image, 1 / 255)
      const output = steps.reduce((x, step) => step(bound, x), pixels)
      return {
        loss:
          kind === 'classify'
            ? neg(mean(sum(mul(logSoftmax(output), oneHot(label, CLASSES)), [1])))
            : mean(square(sub(output, pixels))),
      }
    },
  })
}

const engines: { readonly engine: Engine; readonly threads: Threads }[] = []
beforeAll(async () => {
  const memoryBytes = 2 ** 28
  const made = wasmBuilds().map((build) => wasmEngine({ memoryBytes, build }))
  if (nativeInstructionSets().length > 0) made.push(nativeEngine({ memoryBytes }))
  for (const engine of await Promise.all(made)) {
    engines.push({ engine, threads: new Threads(engine, MICRO_BATCHES) })
  }
})
afterAll(async () => {
  for (const { engine, threads } of engines) {
    await threads.close()
    await engine.dispose()
  }
})

test('any architecture, 8 micro-batches, on 1, 2, 3, 4 and 8 workers', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(architecture, async (given) => {
      const { optimizer, batchSize } = given
      const options = { optimizer: optimizers[optimizer], batchSize, microBatches: MICRO_BATCHES }
      const program = train(modelOf(given), { ...options, data: oddExamples })
      const all: unknown[] = []
      for (const { engine, threads } of engines) {
        const compiled = { data: oddExamples, seed: 7 }
        const alone = await engine.compile(program, compiled)
        const { means, status } = await alone.run({ steps: STEPS })
        expect(status).toBe('done')
        all.push(bitsOf({ ...alone.read(), ...means }))
        alone.dispose()
        for (const workers of WORKERS) {
          const shared = await engine.compile(program, { ...compiled, workers })
          const { means } = await threads.run(shared, STEPS, workers)
          all.push(bitsOf({ ...shared.read(), ...means }))
          shared.dispose()
        }
      }
      const [first, ...others] = all
      for (const other of others) expect(other).toEqual(first)
    }),
    { numRuns: 30, seed: 6 },
  )
})
