/**
 * What convolution and pooling promise beyond ops.test.ts: paddings, edge shapes, ties, the examples' axis, work, and
 * what they refuse.
 */
import { describe, expect, test } from 'vitest'
import {
  averagePool,
  conv,
  convTranspose,
  grad,
  maxPool,
  mul,
  normal,
  type Padding,
  parameter,
  reshape,
  sgd,
  ShapeError,
  square,
  sum,
  mean,
  type Tensor,
  defineModel,
  constant,
  transpose,
} from '../index.js'
import { batchAxes, evaluate, flopsOf, Program, segmentsOf, train, traceProgram } from '../engine/index.js'

/** Traces `build` of operands of these shapes. */
function traced(shapes: readonly (readonly number[])[], build: (...operands: Tensor[]) => Tensor): Program {
  return traceProgram((trace) => {
    const operands = shapes.map((shape, i) => trace.batch(`x${i}`, 'f32', shape))
    trace.result('value', build(...operands))
  })
}

function valueOf(x: readonly number[], shape: readonly number[], build: (x: Tensor) => Tensor): number[] {
  const { results } = evaluate(traced([shape], build), { batch: { x0: x } })
  return [...(results.value ?? [])]
}

describe('convolution', () => {
  const ones = (taps: number, channels = 1) => constant(1, [taps, channels, 1])
  const along = (padding: Padding, strides = 1) =>
    valueOf([1, 2, 3, 4], [1, 4, 1], (x) => conv(x, ones(2), { padding, strides }))

  test('has the padding of TensorFlow for "same": the odd zero is behind', () => {
    expect(along('same')).toEqual([3, 5, 7, 4])
    expect(along('same', 3)).toEqual([3, 4])
    expect(along('valid')).toEqual([3, 5, 7])
    expect(along(1)).toEqual([1, 3, 5, 7, 4])
    expect(along([[1, 0]])).toEqual([1, 3, 5, 7])
    expect(along([[0, 1]])).toEqual([3, 5, 7, 4])
  })

  test('does not flip the filter', () => {
    expect(valueOf([0, 0, 1, 0, 0], [1, 5, 1], (x) => conv(x, constant([1, 2, 3], [3, 1, 1]), { padding: 1 }))).toEqual(
      [0, 3, 2, 1, 0],
    )
  })

  test('takes pixels as they are', () => {
    const program = traceProgram((trace) => {
      trace.result('value', conv(trace.batch('x', 'u8', [1, 2, 1]), ones(2)))
    })
    expect([...(evaluate(program, { batch: { x: [3, 250] } }).results.value ?? [])]).toEqual([253])
  })

  test('leaves out taps outside of the input, so that an infinite weight does not matter there', () => {
    const program = traced(
      [
        [2, 1, 1],
        [2, 1, 1],
      ],
      (x, filter) => conv(x, filter, { padding: 'same' }),
    )
    const { results } = evaluate(program, { batch: { x0: [1, 1], x1: [1, Infinity] } })
    expect([...(results.value ?? [])]).toEqual([1, 1])
  })

  test('fits windows larger than the input by its padding, and windows that see nothing are 0', () => {
    expect(valueOf([2, 3], [1, 2, 1], (x) => conv(x, ones(5), { padding: 'same' }))).toEqual([5, 5])
    expect(valueOf([2], [1, 1, 1], (x) => conv(x, ones(2), { padding: 1, dilations: 2 }))).toEqual([0])
    expect(valueOf([2], [1, 1, 1], (x) => conv(x, ones(1), { strides: 7 }))).toEqual([2])
  })

  test('transposed has an operand times the strides with "same", else room for all windows', () => {
    const shapeOf = (options: Parameters<typeof convTranspose>[2]) =>
      traced(
        [
          [2, 5, 7, 3],
          [4, 3, 6, 3],
        ],
        (y, filter) => convTranspose(y, filter, options),
      ).result('value')?.shape
    expect(shapeOf({ padding: 'same', strides: [2, 3] })).toEqual([2, 10, 21, 6])
    expect(shapeOf({ strides: [2, 3] })).toEqual([2, 12, 21, 6])
    expect(shapeOf({ padding: 1, strides: [2, 3] })).toEqual([2, 10, 19, 6])
    expect(shapeOf({ padding: 1, strides: [2, 3], outputs: [11, 20] })).toEqual([2, 11, 20, 6])
  })
})

describe('pooling', () => {
  const pooled = (x: readonly number[], window: number, options = {}) =>
    valueOf(x, [1, x.length, 1], (t) => maxPool(t, window, options))

  test('takes the largest that is inside, and NaN before all', () => {
    expect(pooled([-3, -1, -2, -4, -5], 2, { padding: 'same' })).toEqual([-1, -2, -5])
    expect(pooled([1, NaN, 3, 4], 2)).toEqual([NaN, 4])
    expect(pooled([-Infinity, -Infinity], 2)).toEqual([-Infinity])
  })

  test('has windows side by side, or as far apart as strides say', () => {
    expect(pooled([1, 2, 3, 4, 5], 2)).toEqual([2, 4])
    expect(pooled([1, 2, 3, 4, 5], 2, { strides: 1 })).toEqual([2, 3, 4, 5])
    expect(pooled([1, 2, 3, 4, 5], 2, { strides: 3 })).toEqual([2, 5])
  })

  test('passes its gradient to the first of equals, and adds up where windows overlap', () => {
    const gradient = (x: readonly number[]) =>
      valueOf(x, [1, x.length, 1], (t) => {
        const weights = constant([1, 10, 100], [1, 3, 1])
        return grad(sum(mul(maxPool(t, 2, { strides: 1 }), weights)), [t])[0] ?? t
      })
    expect(gradient([1, 1, 1, 1])).toEqual([1, 10, 100, 0])
    expect(gradient([0, 5, 0, 0])).toEqual([0, 11, 100, 0])
    expect(gradient([0, NaN, NaN, 0])).toEqual([0, 11, 100, 0])
  })

  test('counts in a mean only what is inside', () => {
    const mean = (padding: Padding) =>
      valueOf([1, 2, 3, 4], [1, 4, 1], (x) => averagePool(x, 3, { strides: 1, padding }))
    expect(mean('valid')).toEqual([2, 3])
    expect(mean('same')).toEqual([1.5, 2, 3, 3.5])
    expect(mean(2)).toEqual([1, 1.5, 2, 3, 3.5, 4])
  })
})

describe('the examples of a convolution', () => {
  const axisOf = (build: (x: Tensor, filter: Tensor) => Tensor): number | undefined => {
    const program = traceProgram((trace) => {
      const x = trace.batch('x', 'f32', [6, 8, 2])
      trace.result('value', build(x, trace.state('filter', [3, 2, 2], normal(1))))
    })
    return batchAxes(program)[program.results[0]?.node ?? 0]
  }

  test('stay apart, but for the gradient of the filter', () => {
    expect(axisOf((x, filter) => conv(x, filter))).toBe(0)
    expect(axisOf((x, filter) => convTranspose(x, filter))).toBe(0)
    expect(axisOf((x) => maxPool(x, 2))).toBe(0)
    expect(axisOf((x) => averagePool(x, 2, { padding: 'same' }))).toBe(0)
    expect(axisOf((x) => grad(sum(square(maxPool(x, 2))), [x])[0] ?? x)).toBe(0)
    expect(axisOf((x, filter) => grad(sum(square(conv(x, filter))), [x])[0] ?? x)).toBe(0)
    expect(axisOf((x, filter) => grad(sum(square(conv(x, filter))), [filter])[0] ?? x)).toBeUndefined()
    expect(axisOf((x) => conv(x, transpose(x, [1, 2, 0])))).toBeUndefined()
    expect(axisOf((_, filter) => conv(constant(1, [6, 8, 2]), filter))).toBeUndefined()
  })

  const SIZE = 7
  const model = defineModel({
    params: { filter: parameter([3, 1, 2], normal(1)) },
    step: ({ filter }, { image }) => ({
      loss: mean(square(conv(reshape(image, [image.shape[0] ?? 1, 6, 1]), filter, { padding: 'same' }))),
    }),
  })
  const data = { fields: { image: { dtype: 'f32', shape: [6] } }, numExamples: 10 } as const
  const programOf = (microBatches: number) =>
    train(model, { optimizer: sgd({ learningRate: 0.1 }), batchSize: SIZE, microBatches, data })
  const segmentsIn = (program: Program | undefined) =>
    (program?.nodes ?? []).flatMap((node) => (node.op === 'convFilter' ? [node.attributes.segments] : []))

  test('are summed by micro-batches', () => {
    expect(segmentsIn(programOf(1).program)).toEqual([undefined])
    expect(segmentsIn(programOf(5).program)).toEqual([5])
    expect(segmentsIn(programOf(5).tail)).toEqual([3])
  })

  test.each([2, 3, 7])('in %i segments are the sum of theirs, in order', (segments) => {
    // Values of such different sizes that the order of additions shows in double precision.
    const uneven = (size: number): number[] =>
      Array.from({ length: size }, (_, i) => (i % 3 === 0 ? 1e17 : i % 3 === 1 ? 1 : -1e17) / (i + 1))
    const filterGradient = (examples: number) =>
      traced(
        [
          [examples, 6, 1],
          [examples, 6, 2],
        ],
        (x, y) => {
          const filter = constant(1, [3, 1, 2])
          return grad(sum(mul(conv(x, filter, { padding: 'same' }), y)), [filter])[0] ?? x
        },
      )
    const [x, y] = [uneven(SIZE * 6), uneven(SIZE * 12).reverse()]
    const valueAt = (program: Program, start: number, end: number) => {
      const batch = { x0: x.slice(start * 6, end * 6), x1: y.slice(start * 12, end * 12) }
      return [...(evaluate(program, { batch }).results.value ?? [])]
    }
    const whole = JSON.stringify(filterGradient(SIZE))
    const cut = whole.replace('"op":"convFilter","inputs":[0,1],"attributes":{', `$&"segments":${segments},`)
    expect(cut).not.toBe(whole)
    const parts = segmentsOf(SIZE, segments).map(({ start, length }) =>
      valueAt(filterGradient(length), start, start + length),
    )
    const inOrder = parts.reduce((total, part) => total.map((value, i) => value + (part[i] ?? NaN)))
    expect(valueAt(Program.fromJSON(JSON.parse(cut)), 0, SIZE)).toEqual(inOrder)
  })
})

test('work is counted for each element, tap and channel, in the gradients as well', () => {
  const [x, filter, y] = [
    [3, 8, 8, 4],
    [5, 5, 4, 6],
    [3, 8, 8, 6],
  ]
  const padding = 'same'
  const products = 2 * (3 * 8 * 8 * 6) * (5 * 5 * 4)
  expect(flopsOf(traced([x, filter], (x, filter) => conv(x, filter, { padding })))).toBe(products)
  expect(flopsOf(traced([y, filter], (y, filter) => convTranspose(y, filter, { padding })))).toBe(products)
  const gradient = traced(
    [x, filter, y],
    (x, filter, y) => grad(sum(mul(conv(x, filter, { padding }), y)), [filter])[0] ?? x,
  )
  const others = gradient.nodes.filter(({ op }) => op === 'mul' || op === 'sum')
  expect(others).toEqual([])
  expect(flopsOf(gradient)).toBe(products)
})

describe('what does not fit is refused with one sentence', () => {
  const image = [2, 8, 8, 4]
  const filter = [3, 3, 4, 6]
  const convolved =
    (shapes: readonly (readonly number[])[], options: Parameters<typeof conv>[2] = {}) =>
    () =>
      traced(shapes, (x, filter) => conv(x, filter, options))
  const transposed =
    (shapes: readonly (readonly number[])[], options: Parameters<typeof convTranspose>[2] = {}) =>
    () =>
      traced(shapes, (y, filter) => convTranspose(y, filter, options))
  const both = 'conv of f32[2, 8, 8, 4] and f32[3, 3, 4, 6]: '

  test.each<[string, () => unknown]>([
    [
      'conv of f32[2, 3] and f32[3, 3, 4, 6]: it takes one to three spatial axes: [examples, ...spatial, channels]',
      convolved([[2, 3], filter]),
    ],
    [
      'conv of f32[2, 8, 4] and f32[3, 3, 4, 6]: a window over [3, 3] does not go over 1',
      convolved([[2, 8, 4], filter]),
    ],
    [
      `${both}strides must be a positive integer, or one for each of the 2 spatial`,
      convolved([image, filter], { strides: 0 }),
    ],
    [`${both}dilations must be a positive integer, or one`, convolved([image, filter], { dilations: [1, 1, 1] })],
    [`${both}strides and dilations must be integers from 1 to 65536`, convolved([image, filter], { strides: 65537 })],
    [
      `${both}padding must be 'same', 'valid', or integers from 0 to below the 3 elements that a window spans`,
      convolved([image, filter], { padding: 3 }),
    ],
    [`${both}padding must be 'same'`, convolved([image, filter], { padding: [0, [-1, 0]] })],
    [`${both}padding must have an entry for each of the 2 spatial axes`, convolved([image, filter], { padding: [1] })],
    [
      `${both}a window that spans 15 does not fit into 9 elements`,
      convolved([image, filter], {
        dilations: 7,
        padding: [0, [0, 1]].map((_, i) => (i === 0 ? [1, 0] : 0)) as Padding,
      }),
    ],
    [
      `${both}channels: the input has 4, a filter sees 4 in each of 2 groups`,
      convolved([image, filter], { groups: 2 }),
    ],
    [
      'conv of f32[2, 8, 8, 4] and f32[3, 3, 1, 6]: 6 filters do not divide into 4 groups',
      convolved([image, [3, 3, 1, 6]], { groups: 4 }),
    ],
    [`${both}groups must be a whole number from 1`, convolved([image, filter], { groups: 0.5 })],
    [
      'convTranspose of f32[2, 8, 8, 4] and f32[3, 3, 4, 6]: the output must be [2, …, 6], not [2, 8, 8, 4]',
      transposed([image, filter]),
    ],
    [
      'convTranspose of f32[2, 8, 8, 6] and f32[3, 3, 4, 6]: a convolution of [9, 10] gives [7, 8], not [8, 8]',
      transposed([[2, 8, 8, 6], filter], { outputs: [9, 10] }),
    ],
    [
      'convTranspose of f32[2, 8, 8, 6] and f32[3, 3, 4, 6]: outputs must be a positive integer',
      transposed([[2, 8, 8, 6], filter], { outputs: [9] }),
    ],
    [
      'maxPool of f32[2, 8, 8, 4]: the window must be a positive integer, or one for each of the 2 spatial axes',
      () => traced([image], (x) => maxPool(x, [2, 2, 2])),
    ],
    ['maxPool of f32[2, 8]: it takes one to three', () => traced([[2, 8]], (x) => maxPool(x, 2))],
    [
      'averagePool of f32[2, 8, 8, 4]: padding must be',
      () => traced([image], (x) => averagePool(x, 2, { padding: 2 })),
    ],
    ['averagePool of f32[2, 8, 8, 4]: a window that spans 9', () => traced([image], (x) => averagePool(x, 9))],
  ])('%s', (message, build) => {
    expect(build).toThrow(ShapeError)
    expect(build).toThrow(message)
  })

  /** Of a training's four ops, the first node of the op, with other attributes, inputs or shape. */
  const spoiled = (op: string, changes: Record<string, unknown>): unknown => {
    const program = traceProgram((trace) => {
      const x = trace.batch('x', 'f32', image)
      const weights = trace.batch('filter', 'f32', filter)
      const pooled = maxPool(conv(x, weights), 2)
      grad(sum(square(pooled)), [x, weights]).forEach((gradient, i) => trace.result(`g${i}`, gradient))
    })
    const json = JSON.parse(JSON.stringify(program)) as { nodes: Record<string, unknown>[] }
    const node = json.nodes.find((each) => each.op === op) ?? {}
    const { attributes = {}, ...others } = changes
    Object.assign(node, others, { attributes: { ...(node.attributes as object), ...(attributes as object) } })
    return json
  }

  test.each<[string, string, Record<string, unknown>]>([
    ['conv', '[1] must have a number for each of the 2 spatial axes', { attributes: { strides: [1] } }],
    ['conv', 'a window of 3 cannot begin 3 before the input', { attributes: { before: [3, 0] } }],
    ['conv', 'before must be integers from 0', { attributes: { before: [-1, 0] } }],
    ['conv', 'it has no attribute "segments"', { attributes: { segments: 2 } }],
    ['conv', 'input, filter and output must have the same number of axes', { shape: [2, 6, 6] }],
    ['conv', 'of 9 windows along an axis of 8 the last would begin behind it', { shape: [2, 9, 6, 6] }],
    ['conv', 'the output must be [2, …, 6], not [3, 6, 6, 6]', { shape: [3, 6, 6, 6] }],
    ['conv', 'it takes 2 operands', { inputs: [0] }],
    ['convFilter', 'segments must be a whole number from 1 to 2', { attributes: { segments: 3 } }],
    ['convFilter', 'channels: the input has 4, a filter sees 3', { shape: [3, 3, 3, 6] }],
    ['maxPool', 'window must be a list of integers', { attributes: { window: 2 } }],
    ['maxPool', 'a window of 2 cannot begin 2 before the input', { attributes: { before: [2, 0] } }],
    ['maxPool', 'input and output must have the same number of axes', { shape: [2, 3, 6] }],
    ['maxPool', 'input and output must have the same examples and channels', { shape: [2, 3, 3, 7] }],
    ['maxPool', 'keys and values must have one shape', { inputs: [2, 0] }],
    ['maxPoolSpread', 'of 6 windows along an axis of 6 the last would begin behind it', { inputs: [2, 2] }],
  ])('a Program: %s: %s', (op, message, changes) => {
    const json = spoiled(op, changes)
    expect(() => Program.fromJSON(json)).toThrow(message)
  })
})
