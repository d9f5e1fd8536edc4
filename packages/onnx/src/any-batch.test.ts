/** Predictions for any number of rows: of layers, and of random networks, whose rows follow from themselves alone. */
import {
  abs,
  add,
  concat,
  defineModel,
  div,
  equal,
  exp,
  gather,
  layer,
  matmul,
  max,
  mean,
  mul,
  normal,
  oneHot,
  reshape,
  slice,
  softmax,
  sort,
  sub,
  tanh,
  transpose,
  where,
  type Batch,
  type Module,
  type Tensor,
} from '@gradpool/core'
import { traceProgram, withBatchSize, type DataSpec, type Program, type Trace } from '@gradpool/core/engine'
import { onnxRuntime } from '@gradpool/engine-contract'
import {
  activationFunction,
  activationNames,
  averagePool2d,
  batchNorm,
  bidirectional,
  conv1d,
  conv2d,
  conv2dTranspose,
  conv3d,
  dense,
  depthwiseConv2d,
  embedding,
  flatten,
  globalAveragePool,
  globalMaxPool,
  groupNorm,
  gru,
  layerNorm,
  learnedPositions,
  lstm,
  maxPool2d,
  multiHeadAttention,
  residual,
  rmsNorm,
  rnn,
  sequential,
  sinusoidalPositions,
  type Layer,
} from '@gradpool/models'
import { cacheFolder } from '@gradpool/storage'
import { tracePrediction } from '@gradpool/trainer'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { expectOnnx } from './testing/expect-onnx.js'

const runtime = await onnxRuntime(cacheFolder())

/** A file for any number of rows, given one and several; and one for three rows alone. */
async function expectAnyBatch(program: Program, numbers: readonly number[] = [1, 3, 9]): Promise<void> {
  if (!runtime) return
  await expectOnnx(runtime, program, {
    batchSize: 'batch',
    others: numbers.map((rows) => withBatchSize(program, rows)),
  })
  await expectOnnx(runtime, withBatchSize(program, 3), { batchSize: 3 })
}

const image = { x: { dtype: 'f32', shape: [9, 8, 4] } } as const
const words = { x: { dtype: 'f32', shape: [6, 4] } } as const

type Case = readonly [name: string, network: Module<Layer>, fields: DataSpec['fields']]

const CASES: readonly Case[] = [
  ['dense layers', sequential([flatten, dense(24, 8, { activation: 'relu' }), dense(8, 3)]), words],
  [
    'convolutions',
    sequential([conv2d(4, 6, 3, { padding: 'same', strides: 2, activation: 'relu' }), (x) => maxPool2d(x, 2)]),
    image,
  ],
  ['groups and dilation', sequential([conv2d(4, 8, [2, 3], { groups: 2, dilations: [1, 2], padding: 'same' })]), image],
  [
    'depthwise convolutions',
    sequential([depthwiseConv2d(4, 3), (x) => averagePool2d(x, 2, { padding: 'same' })]),
    image,
  ],
  ['transposed convolutions', sequential([conv2dTranspose(4, 5, 3, { strides: 2, padding: 'same' })]), image],
  ['convolutions of one axis', sequential([conv1d(4, 5, 3, { dilations: 2 }), globalMaxPool]), words],
  ['convolutions of three axes', sequential([conv3d(4, 3, 2)]), { x: { dtype: 'f32', shape: [3, 4, 3, 4] } }],
  [
    'a residual block',
    sequential([residual(sequential([conv2d(4, 4, 3, { padding: 'same' }), batchNorm(4)])), globalAveragePool]),
    image,
  ],
  ['norms', sequential([groupNorm(2, 4), layerNorm(4), rmsNorm(4)]), words],
  ['a recurrent layer of both directions', sequential([bidirectional(gru(4, 3))]), words],
  [
    'recurrent layers',
    layer(
      { first: lstm(4, 5), second: rnn(5, 2) },
      ({ first, second }) =>
        (x: Tensor) =>
          second(first.scan(x).outputs),
    ),
    words,
  ],
  [
    'a transformer',
    sequential([learnedPositions(6, 4), residual(multiHeadAttention(4, 2, { causal: true })), sinusoidalPositions()]),
    words,
  ],
  ['tokens', sequential([embedding(20, 4), flatten, dense(24, 5)]), { x: { dtype: 'i32', shape: [6] } }],
  ...activationNames.map((name): Case => [name, sequential([dense(4, 4), activationFunction(name)]), words]),
]

describe.runIf(runtime)('a prediction of', () => {
  test.each(CASES)('%s', async (_, network, fields) => {
    const model = defineModel({
      params: { network },
      step: ({ network }, { x }: Batch<'x'>) => ({ loss: mean(network(x)) }),
      predict: ({ network }, { x }: Batch<'x'>) => ({ y: network(x) }),
    })
    const predict = tracePrediction(model, fields)
    if (!predict) throw new Error('it predicts')
    await expectAnyBatch(predict.block)
    if (runtime) await expectOnnx(runtime, predict.row, { batchSize: 1 })
  })

  test('pictures and numbers of classes, as they are in files', async () => {
    const build = (trace: Trace) => {
      const pixels = trace.batch('pixels', 'u8', [4, 6])
      const kind = trace.batch('kind', 'i32', [4])
      const table = trace.state('table', [5, 3], normal(1))
      trace.result('y', concat([mul(pixels, 1 / 255), oneHot(kind, 5), gather(table, kind)], 1), { rows: true })
    }
    await expectAnyBatch(traceProgram(build))
  })
})

type Make = (a: Tensor, b: Tensor, weight: (...shape: number[]) => Tensor) => Tensor

/** Of values [rows, 6]. */
const STEPS: readonly Make[] = [
  (a, b) => add(a, b),
  (a, b) => sub(tanh(a), mul(b, 0.5)),
  (a, b) => div(a, add(abs(b), 1)),
  (a, _, weight) => tanh(add(matmul(a, weight(6, 6)), weight(6))),
  (a) => softmax(a),
  (a) => exp(tanh(a)),
  (a, b) => where(equal(max(a, [1], { keepDims: true }), a), a, b),
  (a) => sub(a, mean(a, [1], { keepDims: true })),
  (a) => sort(a, { descending: true }),
  (a, b) => concat([slice(a, [0, 3], [a.shape[0] ?? 1, 3]), slice(b, [0, 0], [b.shape[0] ?? 1, 3])], 1),
  (a, _, weight) => reshape(matmul(reshape(a, [-1, 2]), weight(2, 2)), [-1, 6]),
  (a) => reshape(transpose(reshape(a, [-1, 2, 3]), [0, 2, 1]), [-1, 6]),
  (a, b) => {
    const [query, keys] = [reshape(a, [-1, 3, 2]), reshape(tanh(b), [-1, 3, 2])]
    return reshape(matmul(softmax(matmul(query, keys, { transposeB: true })), keys), [-1, 6])
  },
  (a, _, weight) => {
    const steps = transpose(reshape(a, [-1, 3, 2]), [1, 0, 2])
    return reshape(transpose(tanh(add(steps, weight(3, 1, 2))), [1, 0, 2]), [-1, 6])
  },
]

const choices = fc.array(fc.tuple(fc.nat(63), fc.nat(63), fc.nat(63)), { minLength: 1, maxLength: 12 })

describe.runIf(runtime)('random networks', () => {
  test('for any number of rows', { timeout: 240_000 }, async () => {
    const run = async (graph: readonly (readonly [number, number, number])[]) => {
      const program = traceProgram((trace) => {
        let states = 0
        const weight = (...shape: number[]) => trace.state(`w${states++}`, shape, normal(0.7))
        const values = [trace.batch('x', 'f32', [4, 6])]
        for (const [step, a, b] of graph) {
          const [left, right, make] = [values[a % values.length], values[b % values.length], STEPS[step % STEPS.length]]
          if (left && right && make) values.push(make(left, right, weight))
        }
        values.slice(-2).forEach((value, index) => trace.result(`r${index}`, value, { rows: true }))
      })
      await expectAnyBatch(program, [1, 7])
    }
    await fc.assert(fc.asyncProperty(choices, run), { numRuns: 100, seed: 3 })
    expect(STEPS.length).toBeLessThan(64)
  })
})
