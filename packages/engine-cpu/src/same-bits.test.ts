/**
 * Every instruction set gives the bits that WebAssembly gives, and so does the build of that which
 * has no fused multiply-add.
 */
import {
  add,
  adam,
  clipByGlobalNorm,
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
  reshape,
  less,
  sigmoid,
  sqrt,
  square,
  sub,
  div,
  rmsprop,
  sgd,
  defineModel,
  sum,
  tanh,
  zeros,
} from '@gradpool/core'
import { type BatchProgram, type Engine, type Field, type Split, train, traceProgram } from '@gradpool/core/engine'
import {
  OP_CASES,
  Threads,
  attentive,
  bitsOf,
  choices,
  convolutional,
  data,
  f32,
  fieldsOf,
  randomTraining,
  recurrent,
  oddExamples as examples,
  splitOf,
  wholeBatch,
} from '@gradpool/engine-contract'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nativeEngine, nativeInstructionSets, wasmBuilds, wasmEngine } from './index.js'

const memory = { memoryBytes: 2 ** 28 }
// Where no compiler was found at set-up there is WebAssembly alone.
const others: [string, () => Promise<Engine>][] = [
  ...wasmBuilds()
    .slice(1)
    .map((build): [string, () => Promise<Engine>] => [`wasm, ${build}`, () => wasmEngine({ ...memory, build })]),
  ...nativeInstructionSets().map((instructionSet): [string, () => Promise<Engine>] => [
    instructionSet,
    () => nativeEngine({ ...memory, instructionSet }),
  ]),
]

let wasm: Engine
beforeAll(async () => {
  wasm = await wasmEngine(memory)
})
afterAll(() => wasm.dispose())

/** All states and results after some steps, in hexadecimal. */
async function bitsAfter(
  engine: Engine,
  program: BatchProgram,
  split: Split,
  steps: number,
): Promise<Record<string, string>> {
  const execution = await engine.compile(program, { data: split, seed: 5 })
  try {
    const { means } = await execution.run({ steps })
    return bitsOf({ ...execution.read(), ...means })
  } finally {
    execution.dispose()
  }
}

/** A classifier with dropout, of odd sizes, on 61 examples in batches of 16. */
const odd = defineModel({
  params: {
    hidden: parameter([9, 37], normal(0.3)),
    bias: parameter([37], zeros),
    output: parameter([37, 4], normal(0.3)),
  },
  step(weights, batch) {
    const pixels = mul(batch.image, 1 / 255)
    const hidden = relu(add(matmul(pixels, weights.hidden), weights.bias))
    const kept = less(randomUniform(hidden.shape, 'dropout'), 0.8)
    const logits = matmul(add(tanh(mul(hidden, kept)), sigmoid(hidden)), weights.output)
    return { loss: neg(mean(sum(mul(logSoftmax(logits), oneHot(batch.label, 4)), [1]))) }
  },
})
/** 61 images of 300 pixels, most of which are dark in all of them. */
const dark = splitOf(
  {
    image: {
      dtype: 'u8',
      shape: [300],
      values: Uint8Array.from({ length: 61 * 300 }, (_, i) => (Math.sin((i % 300) ** 2) < 0.5 ? 0 : (i * 89) % 256)),
    },
    label: oddLabels(),
  },
  61,
)

function oddLabels(): Field {
  const { label } = examples.fields
  if (label === undefined) throw new Error('the examples have no labels')
  return label
}

const darkClassifier = defineModel({
  params: { hidden: parameter([300, 37], normal(0.3)), output: parameter([37, 4], normal(0.3)) },
  step({ hidden, output }, { image, label }) {
    const logits = matmul(relu(matmul(mul(image, 1 / 255), hidden)), output)
    return { loss: neg(mean(sum(mul(logSoftmax(logits), oneHot(label, 4)), [1]))) }
  },
})

describe.each(others)('%s', (_, make) => {
  let other: Engine
  beforeAll(async () => {
    other = await make()
  })
  afterAll(() => other.dispose())

  const expectSame = async (program: BatchProgram, split: Split, steps: number): Promise<void> => {
    const expected = await bitsAfter(wasm, program, split, steps)
    expect(await bitsAfter(other, program, split, steps)).toEqual(expected)
  }

  test.each(Object.entries(OP_CASES))('%s', async (_, build) => {
    const program = traceProgram((trace) => trace.result('value', build(fieldsOf(trace))))
    await expectSame(wholeBatch(program, 5), data, 1)
  })

  test('random Programs of any extent', { timeout: 30_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(choices, fc.integer({ min: 1, max: 70 }), async (graph, extent) => {
        const program = traceProgram(randomTraining(extent, graph))
        const split = splitOf({ x: f32([extent], extent, 1) }, extent)
        await expectSame(wholeBatch(program, extent), split, 3)
      }),
      { numRuns: 60, seed: 3 },
    )
  })

  test('pixels that are dark in a whole batch', async () => {
    const optimizer = adam({ learningRate: 0.01 })
    await expectSame(train(darkClassifier, { optimizer, batchSize: 16, data: dark }), dark, 50)
  })

  test.each([attentive, convolutional, recurrent])('30 steps of $name', async ({ network, data: split }) => {
    const optimizer = adam({ learningRate: 0.01 })
    await expectSame(train(network, { optimizer, batchSize: 7, data: split }), split, 30)
  })

  test.each([
    ['sgd with momentum', sgd({ learningRate: 0.1, momentum: 0.9 })],
    ['rmsprop', rmsprop({ learningRate: 0.01 })],
    ['adam', adam({ learningRate: 0.01 })],
    ['adam with clipping', adam({ learningRate: 0.01, clip: clipByGlobalNorm(0.5) })],
  ])('300 steps of %s, with dropout', async (_, optimizer) => {
    await expectSame(train(odd, { optimizer, batchSize: 16, data: examples }), examples, 300)
  })
})

/** What is normed over the batch: features of 32 columns, or of 32 columns at three places of each example. */
const normed = [
  { what: 'rows', numRows: 9, places: [] },
  { what: 'rows at places', numRows: 3, places: [3] },
].map(({ what, numRows, places }) => ({
  what,
  network: defineModel({
    params: { hidden: parameter([numRows, 32], normal(0.3)), output: parameter([32, 4], normal(0.3)) },
    step({ hidden, output }, { image, label }) {
      const x = matmul(reshape(mul(image, 1 / 255), [image.shape[0] ?? 0, ...places, numRows]), hidden)
      const overBatch = [0, ...places.map((_, place) => place + 1)]
      const deviations = sub(x, mean(x, overBatch))
      const scaled = relu(div(deviations, sqrt(add(mean(square(deviations), overBatch), 1e-5))))
      const logits = matmul(places.length === 0 ? scaled : mean(scaled, 1), output)
      return { loss: neg(mean(sum(mul(logSoftmax(logits), oneHot(label, 4)), [1]))) }
    },
  }),
}))

test.each(normed)('$what that are summed as they are made, by one worker and by two', async ({ network }) => {
  const program = train(network, { optimizer: adam({ learningRate: 0.01 }), batchSize: 16, data: examples })
  const threads = new Threads(wasm, 2)
  const bitsOfWorkers = async (workers: number) => {
    const execution = await wasm.compile(program, { data: examples, seed: 0, workers })
    await threads.run(execution, 30, workers)
    const bits = bitsOf(execution.read())
    execution.dispose()
    return bits
  }
  expect(await bitsOfWorkers(1)).toEqual(await bitsOfWorkers(2))
  await threads.close()
})

test('an instruction set or a build that is not here is refused by name', async () => {
  await expect(nativeEngine({ instructionSet: 'mmx' })).rejects.toThrow(/native/)
  await expect(wasmEngine({ build: 'mmx' })).rejects.toThrow(/'wasm' does not have the build 'mmx' here; it has /)
})
