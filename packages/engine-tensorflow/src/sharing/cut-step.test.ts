/** A step that was cut comes to what the whole one does, by core's evaluator of both. */
import {
  adam,
  add,
  clipByGlobalNorm,
  conv,
  div,
  less,
  logSoftmax,
  matmul,
  maxPool,
  mean,
  mul,
  neg,
  normal,
  oneHot,
  parameter,
  randomUniform,
  relu,
  reshape,
  sqrt,
  square,
  defineModel,
  sub,
  sum,
} from '@gradpool/core'
import { evaluate, withMicroBatches, traceProgram, train, type Program } from '@gradpool/core/engine'
import {
  batchOf,
  choices,
  data,
  expectClose,
  f32,
  fieldsOf,
  oddExamples,
  OP_CASES,
  randomTraining,
  splitOf,
} from '@gradpool/engine-contract'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cutStep, POSITIONS } from './cut-step.js'

type Values = Readonly<Record<string, ArrayLike<number>>>

/** What a step comes to by its parts, added up, and the rest. */
function evaluateCut(program: Program, batch: Values, state?: Values) {
  const cut = cutStep(program, 'sum')
  if (cut === undefined) return evaluate(program, { batch, seed: 3, ...(state && { state }) })
  const sums: Record<string, number[]> = {}
  for (const [level, shared] of cut.levels.entries()) {
    const told = cut.microBatches.map(({ start, length }) => {
      const positions = Array.from({ length }, (_, i) => start + i)
      const inputs = { batch: { ...batch, [POSITIONS]: positions }, seed: 3 }
      return evaluate(cut.part(level, length), { ...inputs, state: { ...state, ...sums } }).results
    })
    for (const { name, shape } of shared) {
      const size = shape.reduce((a, b) => a * b, 1)
      sums[name] = Array.from({ length: size }, (_, i) =>
        told.reduce((total, each) => total + (each[name]?.[i] ?? NaN), 0),
      )
    }
  }
  return evaluate(cut.rest, { batch, seed: 3, state: { ...state, ...sums } })
}

function expectSame(program: Program, batch: Values): void {
  const [whole, cut] = [evaluate(program, { batch, seed: 3 }), evaluateCut(program, batch)]
  expect(Object.keys(cut.results)).toEqual(Object.keys(whole.results))
  for (const kind of ['results', 'state'] as const) {
    for (const [name, values] of Object.entries(whole[kind])) {
      expectClose(cut[kind][name] ?? [], values, 1e-9, () => `${kind} ${name}\n${program.toString()}`)
    }
  }
}

test.each(Object.entries(OP_CASES))('%s', (_, build) => {
  const program = traceProgram((trace) => trace.result('value', build(fieldsOf(trace))))
  for (const microBatches of [2, 3]) expectSame(withMicroBatches(program, microBatches), batchOf(data))
})

test('random Programs of any extent', () => {
  const parts = fc.integer({ min: 1, max: 9 })
  fc.assert(
    fc.property(choices, fc.nat(19), parts, (graph, less1, microBatches) => {
      const extent = less1 + 1
      const program = withMicroBatches(traceProgram(randomTraining(extent, graph)), microBatches)
      expectSame(program, batchOf(splitOf({ x: f32([extent], extent, 1) }, extent)))
    }),
    { numRuns: 100, seed: 3 },
  )
})

/** With batch normalisation, whose mean and variance need each other in turn, and dropout. */
const normalised = defineModel({
  params: {
    hidden: parameter([9, 12], normal(0.3)),
    output: parameter([12, 4], normal(0.3)),
  },
  step(weights, { image, label }) {
    const first = matmul(mul(image, 1 / 255), weights.hidden)
    const centred = sub(first, mean(first, 0))
    const hidden = relu(div(centred, sqrt(add(mean(square(centred), 0), 0.01))))
    const kept = less(randomUniform(hidden.shape, 'dropout'), 0.8)
    const logits = matmul(mul(hidden, kept), weights.output)
    return { loss: neg(mean(sum(mul(logSoftmax(logits), oneHot(label, 4)), [1]))) }
  },
})

test('batch normalisation, dropout and clipping', () => {
  const optimizer = adam({ learningRate: 0.01, clip: clipByGlobalNorm(0.5) })
  const batchSize = oddExamples.rows.length
  const { program } = train(normalised, {
    optimizer,
    batchSize,
    microBatches: 7,
    data: oddExamples,
  })
  const cut = cutStep(program, 'sum')
  expect(cut?.levels.length).toBeGreaterThan(2)
  expect(cut?.microBatches.map(({ length }) => length)).toEqual([9, 9, 9, 9, 9, 8, 8])
  expectSame(program, batchOf(oddExamples))
})

test('a part knows nothing of other examples than those of the microBatch', () => {
  const { program } = train(normalised, {
    optimizer: adam(),
    batchSize: 60,
    microBatches: 4,
    data: oddExamples,
  })
  const part = cutStep(program, 'sum')?.part(0, 15)
  const shapes = part?.nodes.filter(({ op }) => op === 'matmul').map(({ shape }) => shape)
  expect(shapes).toEqual([[15, 12]])
})

test('convolutions and pooling, whose filters are whole in each part', () => {
  const convolutional = defineModel({
    params: { filter: parameter([2, 2, 1, 3], normal(0.5)), output: parameter([3, 4], normal(0.3)) },
    step({ filter, output }, { image, label }) {
      const images = reshape(mul(image, 1 / 255), [image.shape[0] ?? 1, 3, 3, 1])
      const pooled = maxPool(relu(conv(images, filter, { padding: 'same' })), 2, { strides: 1 })
      const logits = matmul(mean(pooled, [1, 2]), output)
      return { loss: neg(mean(sum(mul(logSoftmax(logits), oneHot(label, 4)), [1]))) }
    },
  })
  const batchSize = oddExamples.rows.length
  const { program } = train(convolutional, { optimizer: adam(), batchSize, microBatches: 7, data: oddExamples })
  expectSame(program, batchOf(oddExamples))
  const part = cutStep(program, 'sum')?.part(0, 9)
  expect(part?.nodes.filter(({ op }) => op === 'convFilter').map(({ shape }) => shape)).toEqual([[2, 2, 1, 3]])
  expect(part?.nodes.filter(({ op }) => op === 'conv').map(({ shape }) => shape)).toEqual([[9, 3, 3, 3]])
})
