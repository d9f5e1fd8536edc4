/**
 * Sums in segments: what they mean against the same written out, and which sums of a Program are
 * cut.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  add,
  concat,
  matmul,
  mean,
  mul,
  normal,
  parameter,
  relu,
  reshape,
  sgd,
  slice,
  softmax,
  square,
  defineModel,
  sub,
  sum,
  transpose,
  type Tensor,
} from '../index.js'
import {
  batchAxes,
  evaluate,
  Program,
  segmentsOf,
  withMicroBatches,
  train,
  traceProgram,
  type Trace,
} from '../engine/index.js'

test('segments are as even as can be, the longer ones first, and leave nothing out', () => {
  expect(segmentsOf(10, 4).map(({ length }) => length)).toEqual([3, 3, 2, 2])
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 300 }), (a, b) => {
      const [extent, count] = [Math.max(a, b), Math.min(a, b)]
      let next = 0
      for (const { start, length } of segmentsOf(extent, count)) {
        expect(start).toBe(next)
        expect(length === Math.floor(extent / count) || length === Math.ceil(extent / count)).toBe(true)
        next = start + length
      }
      expect(next).toBe(extent)
    }),
  )
})

const ROWS = 7

/** Values of such different sizes that the order of additions shows in double precision. */
const uneven = (size: number): number[] =>
  Array.from({ length: size }, (_, i) => (i % 3 === 0 ? 1e17 : i % 3 === 1 ? 1 : -1e17) / (i + 1))

const inputs = { batch: { x: uneven(ROWS * 4), y: uneven(ROWS * 4).reverse() } }
const fieldsOf = (trace: Trace): [Tensor, Tensor] => [
  trace.batch('x', 'f32', [ROWS, 4]),
  trace.batch('y', 'f32', [ROWS, 4]),
]

test.each([2, 3, 7])('a sum in %i segments is the sum of theirs, in order', (segments) => {
  const cut = withMicroBatches(
    traceProgram((trace) => {
      const [x, y] = fieldsOf(trace)
      trace.result('sum', sum(x, 0))
      trace.result('product', matmul(x, y, { transposeA: true }))
      trace.result('all', sum(x))
    }),
    segments,
  )
  const written = traceProgram((trace) => {
    const [x, y] = fieldsOf(trace)
    const parts = segmentsOf(ROWS, segments).map(({ start, length }) => ({
      x: slice(x, [start, 0], [length, 4]),
      y: slice(y, [start, 0], [length, 4]),
    }))
    const inOrder = (of: (part: { x: Tensor; y: Tensor }) => Tensor): Tensor =>
      parts.map(of).reduce((total, part) => add(total, part))
    trace.result(
      'sum',
      inOrder((part) => sum(part.x, 0)),
    )
    trace.result(
      'product',
      inOrder((part) => matmul(part.x, part.y, { transposeA: true })),
    )
    trace.result(
      'all',
      inOrder((part) => sum(sum(part.x, 1), 0)),
    )
  })
  expect(evaluate(cut, inputs).results).toEqual(evaluate(written, inputs).results)
})

test('the axis of the examples is followed through a Program', () => {
  const axisOf = (build: (x: Tensor, weight: Tensor) => Tensor): number | undefined => {
    const program = traceProgram((trace) => {
      const x = trace.batch('x', 'f32', [6, 4])
      trace.result('value', build(x, trace.state('weight', [4, 4], normal(1))))
    })
    return batchAxes(program)[program.results[0]?.node ?? 0]
  }
  expect(axisOf((x) => relu(mul(x, 2)))).toBe(0)
  expect(axisOf((x, weight) => matmul(x, weight))).toBe(0)
  expect(axisOf((x) => transpose(x))).toBe(1)
  expect(axisOf((x, weight) => matmul(weight, x, { transposeB: true }))).toBe(1)
  expect(axisOf((x) => reshape(x, [6, 2, 2]))).toBe(0)
  // Several rows of each example:
  expect(axisOf((x) => reshape(x, [12, 2]))).toBe(0)
  expect(axisOf((x, weight) => reshape(matmul(reshape(x, [12, 2]), slice(weight, [0, 0], [2, 4])), [6, 8]))).toBe(0)
  expect(axisOf((x) => reshape(reshape(x, [24]), [6, 4]))).toBe(0)
  expect(axisOf((x) => sum(x, 1))).toBe(0)
  expect(axisOf((x) => sub(x, mean(x, 0)))).toBe(0)
  expect(axisOf((x) => concat([x, x], 1))).toBe(0)
  expect(axisOf((x) => softmax(x))).toBe(0)
  // Where examples meet, or mix:
  expect(axisOf((x) => sum(x, 0))).toBeUndefined()
  expect(axisOf((x) => matmul(x, x, { transposeB: true }))).toBeUndefined()
  expect(axisOf((x) => concat([x, x], 0))).toBeUndefined()
  expect(axisOf((x) => reshape(x, [4, 6]))).toBeUndefined()
  expect(axisOf((x) => sum(reshape(x, [12, 2]), 0))).toBeUndefined()
  expect(axisOf((x) => reshape(transpose(x), [12, 2]))).toBeUndefined()
  expect(axisOf((x) => softmax(transpose(x)))).toBeUndefined()
  expect(axisOf((_, weight) => relu(weight))).toBeUndefined()
  // Of stacks of matrices each product is of one of either; or the examples are what is summed
  // over.
  const stack = (x: Tensor) => reshape(x, [6, 2, 2])
  expect(axisOf((x) => matmul(stack(x), stack(x), { transposeB: true }))).toBe(0)
  const stacked = (x: Tensor) => reshape(transpose(x), [4, 6, 1])
  const weights = (weight: Tensor) => reshape(concat([weight, weight, weight], 1), [4, 6, 2])
  expect(axisOf((x, weight) => matmul(stacked(x), weights(weight), { transposeA: true }))).toBeUndefined()
})

describe('a training of several micro-batches', () => {
  const model = defineModel({
    params: { weight: parameter([4, 3], normal(1)) },
    step: ({ weight }, { image }) => ({ loss: mean(square(relu(matmul(image, weight)))) }),
  })
  const data = { fields: { image: { dtype: 'f32', shape: [4] } }, numExamples: 10 } as const
  const programOf = (microBatches: number) =>
    train(model, { optimizer: sgd({ learningRate: 0.1 }), batchSize: 7, microBatches, data })
  const segmentsIn = (program: Program | undefined): unknown[] =>
    (program?.nodes ?? []).flatMap((node) => {
      if (node.op !== 'sum' && node.op !== 'matmul') return []
      const { segments } = node.attributes
      return segments === undefined ? [] : [[node.op, segments]]
    })

  test('cuts its gradients and its loss, of as many examples as there are', () => {
    const { program, tail, microBatches } = programOf(5)
    expect(microBatches).toBe(5)
    expect(segmentsIn(program).sort()).toEqual([
      ['matmul', 5],
      ['sum', 5],
    ])
    expect(segmentsIn(tail).sort()).toEqual([
      ['matmul', 3],
      ['sum', 3],
    ])
  })

  test('is another computation, and JSON can hold it', () => {
    const { program } = programOf(2)
    expect(program.hash).not.toBe(programOf(1).program.hash)
    expect(Program.fromJSON(JSON.parse(JSON.stringify(program))).hash).toBe(program.hash)
    const wrong = JSON.stringify(program).replaceAll('"segments":2', '"segments":9')
    expect(() => Program.fromJSON(JSON.parse(wrong))).toThrow('segments must be a whole number')
  })

  test('leaves products of stacks of matrices whole, which have no segments', () => {
    const stacks = traceProgram((trace) => {
      const x = reshape(trace.batch('x', 'f32', [6, 4]), [6, 2, 2])
      trace.result('value', matmul(x, x, { transposeA: true }))
    })
    expect(segmentsIn(withMicroBatches(stacks, 2))).toEqual([])
    const json = JSON.stringify(stacks)
    const wrong = json.replace('"transposeA":true', '"transposeA":true,"segments":2')
    expect(wrong).not.toBe(json)
    expect(() => Program.fromJSON(JSON.parse(wrong))).toThrow('only a product of two matrices has segments')
  })

  test('leaves sums over several rows of each example whole', () => {
    const rows = traceProgram((trace) => {
      const x = reshape(trace.batch('x', 'f32', [6, 4]), [12, 2])
      trace.result('product', matmul(x, x, { transposeA: true }))
      trace.result('sum', sum(x, 0))
    })
    expect(segmentsIn(withMicroBatches(rows, 2))).toEqual([])
  })

  test('needs a whole number of them', () => {
    expect(() => programOf(0)).toThrow('microBatches must be a whole number of at least 1, not 0')
  })
})
