/** Ties, edge values and refusals of the ops that order, move and multiply, as NumPy has them. */
import { describe, expect, test } from 'vitest'
import {
  argSort,
  cast,
  constant,
  cumsum,
  defineModel,
  eager,
  einsum,
  erf,
  flip,
  gather,
  logSumExp,
  matmul,
  mean,
  normal,
  pad,
  parameter,
  pow,
  reshape,
  resize,
  sgd,
  ShapeError,
  sin,
  sort,
  square,
  type Tensor,
  tanh,
  topK,
  where,
} from '../index.js'
import { batchAxes, evaluate, train, traceProgram } from '../engine/index.js'

/** What `build` makes of these numbers, NaN and infinities among them. */
function valueOf(x: readonly number[], build: (x: Tensor) => Tensor): number[] {
  const program = traceProgram((trace) => trace.result('value', build(trace.batch('x', 'f32', [x.length]))))
  return [...(evaluate(program, { batch: { x } }).results.value ?? [])]
}

const { NaN: nan, POSITIVE_INFINITY: inf } = Number

describe('sorting', () => {
  test('keeps equals in order, and has NaN last; first where it is descending', () => {
    const x = [2, nan, -0, inf, 0, 2, -inf, nan]
    expect(valueOf(x, (t) => argSort(t))).toEqual([6, 2, 4, 0, 5, 3, 1, 7])
    expect(valueOf(x, (t) => argSort(t, { descending: true }))).toEqual([1, 7, 3, 0, 5, 2, 4, 6])
    expect(valueOf(x, (t) => sort(t))).toEqual([-inf, -0, 0, 2, 2, inf, nan, nan])
  })

  test('finds the largest, the first of equals first', () => {
    expect(valueOf([1, 3, 2, 3], (t) => topK(t, 3).indices)).toEqual([1, 3, 2])
    expect(valueOf([1, 3, 2, 3], (t) => topK(t, 3).values)).toEqual([3, 3, 2])
    expect(valueOf([1, nan, 2], (t) => topK(t, 2).indices)).toEqual([1, 2])
  })

  test('is refused where there is no such axis, or not so many elements', () => {
    expect(() => eager(() => sort(constant([1, 2]), { axis: 1 }))).toThrow('sort of f32[2]: there is no axis 1')
    expect(() => eager(() => topK(constant([1, 2]), 3).values)).toThrow(
      'topK of f32[2]: there are no 3 largest of 2 elements',
    )
  })
})

describe('edge values', () => {
  test('of pow', () => {
    expect(valueOf([0, 1, -1, nan, inf], (x) => pow(x, 0))).toEqual([1, 1, 1, 1, 1])
    expect(valueOf([nan, inf, -inf, 3], (x) => pow(1, x))).toEqual([1, 1, 1, 1])
    expect(valueOf([0, -0, -8, 4, inf], (x) => pow(x, -1))).toEqual([inf, -inf, -0.125, 0.25, 0])
    expect(valueOf([-8, 0.25], (x) => pow(x, 0.5))).toEqual([nan, 0.5])
  })

  test('of sin and erf', () => {
    expect(valueOf([inf, -inf, nan, -0], (x) => sin(x))).toEqual([nan, nan, nan, -0])
    expect(valueOf([inf, -inf, nan, -0], (x) => erf(x))).toEqual([1, -1, nan, -0])
  })

  test('of logSumExp', () => {
    expect(valueOf([1000, 1000], (x) => logSumExp(x))[0]).toBeCloseTo(1000 + Math.log(2), 9)
    expect(valueOf([-inf, -inf], (x) => logSumExp(x))).toEqual([-inf])
    expect(valueOf([-inf, 3], (x) => logSumExp(x))).toEqual([3])
    expect(valueOf([inf, 3], (x) => logSumExp(x))).toEqual([inf])
    expect(valueOf([nan, 3], (x) => logSumExp(x))).toEqual([nan])
  })

  test('of running sums: what comes after does not count', () => {
    expect(valueOf([1, inf, 2, -inf, 3], (x) => cumsum(x))).toEqual([1, inf, inf, nan, nan])
    expect(valueOf([1, 2, 3, 4, 5], (x) => cumsum(x, 0, { reverse: true }))).toEqual([15, 14, 12, 9, 5])
  })

  test('of where, as of select', () => {
    expect(valueOf([0, 1, -2], (x) => where(x, 5, 7))).toEqual([7, 5, 5])
  })
})

describe('borders and sizes', () => {
  test('are mirrored as often as need be, and of one element are that', () => {
    const reflected = (x: readonly number[], before: number, length: number) =>
      valueOf(x, (t) => pad(t, [before], [length], { mode: 'reflect' }))
    expect(reflected([1, 2, 3], 5, 11)).toEqual([2, 1, 2, 3, 2, 1, 2, 3, 2, 1, 2])
    expect(reflected([7], 2, 4)).toEqual([7, 7, 7, 7])
    expect(valueOf([1, 2], (t) => pad(t, [1], [5], { mode: 'edge' }))).toEqual([1, 1, 2, 2, 2])
    expect(valueOf([1, inf], (t) => pad(t, [1], [4], { value: 9 }))).toEqual([9, 1, inf, 9])
  })

  test('keep the dtype', () => {
    const kinds = traceProgram((trace) => {
      const bytes = trace.batch('bytes', 'u8', [4])
      expect(pad(bytes, [1], [6], { value: 255 }).dtype).toBe('u8')
      expect(flip(bytes).dtype).toBe('u8')
      expect(resize(reshape(bytes, [1, 4, 1]), [2]).dtype).toBe('u8')
      trace.result('bytes', cast(bytes, 'f32'))
    })
    expect(kinds.fields).toHaveLength(1)
  })

  test('are refused where x does not lie within, or a size is missing', () => {
    const sentence = (build: (x: Tensor) => Tensor) => () => eager(() => build(constant(1, [1, 2, 2, 1])))
    expect(sentence((x) => pad(x, [0, 0, 0, 0], [1, 1, 2, 1], { mode: 'edge' }))).toThrow(
      'pad of f32[1, 2, 2, 1]: it does not lie within [1, 1, 2, 1] at [0, 0, 0, 0]',
    )
    expect(sentence((x) => resize(x, [3]))).toThrow('[3] must be one size, from 1, for each spatial axis')
    expect(sentence((x) => flip(x, [1, -3]))).toThrow('flip of f32[1, 2, 2, 1]: [1, -3] names one axis twice')
  })
})

describe('products', () => {
  const shapeOf = (a: readonly number[], b: readonly number[]) => {
    let shape: readonly number[] = []
    eager(() => {
      const product = matmul(constant(1, a), constant(1, b))
      shape = product.shape
      return product
    })
    return shape
  }

  test('are of any axes before the matrices, which broadcast', () => {
    expect(shapeOf([2, 3, 4, 5], [2, 3, 5, 6])).toEqual([2, 3, 4, 6])
    expect(shapeOf([2, 3, 4, 5], [5, 6])).toEqual([2, 3, 4, 6])
    expect(shapeOf([4, 5], [2, 5, 6])).toEqual([2, 4, 6])
    expect(shapeOf([2, 1, 4, 5], [3, 5, 6])).toEqual([2, 3, 4, 6])
    expect(() => shapeOf([2, 4, 5], [3, 5, 6])).toThrow(ShapeError)
    expect(() => shapeOf([2, 4, 5], [3, 5, 6])).toThrow(
      'matmul of f32[2, 4, 5] and f32[3, 5, 6]: the axes before the matrices cannot be broadcast',
    )
    expect(() => shapeOf([5], [5, 6])).toThrow('it takes two matrices, or two stacks of matrices')
  })

  test.each([
    ['ij,jk->ik', [[2, 3]], '"ij,jk->ik" is of 2 operands'],
    ['i->ii', [[2]], '"ii" has a letter twice'],
    ['ii->i', [[2, 3]], 'the axis i of "ii->i" is both 2 and 3'],
    ['ij->k', [[2, 2]], 'no operand has the axis k of the result'],
    [
      'ij,jk',
      [
        [2, 3],
        [2, 3],
      ],
      'the axis j of "ij,jk" is both 3 and 2',
    ],
    ['ijk->', [[2, 3]], '"ijk" of "ijk->" has 3 axes, its operand 2'],
    ['i..j->i', [[2, 3]], '"i..j->i" must be letters for each operand, as "ij,jk->ik"'],
    ['...i...', [[2, 3]], '"...i..." must be letters for each operand, as "ij,jk->ik"'],
    ['i->i->i', [[2]], '"i->i->i" must be letters for each operand, as "ij,jk->ik"'],
    ['i...->i', [[2, 3]], 'the result of "i...->i" must have ..., as operands do'],
    ['ijk...', [[2, 3]], '"ijk" of "ijk..." has 3 axes, its operand 2'],
    [
      '...i,...i',
      [
        [2, 3],
        [4, 3],
      ],
      'an axis of ... in "...i,...i" is both 2 and 4',
    ],
  ] as const)('einsum %s is refused in one sentence', (text, shapes, sentence) => {
    const attempt = () => eager(() => einsum(text, ...shapes.map((shape) => constant(1, shape))))
    expect(attempt).toThrow(ShapeError)
    expect(attempt).toThrow(sentence)
  })

  test('einsum of numbers alone', () => {
    expect([...eager(() => einsum(',i->i', constant(2), constant([1, 2]))).values]).toEqual([2, 4])
  })

  test('a diagonal leaves out what is beside it, NaN and infinities too', () => {
    expect(valueOf([1, nan, inf, 4], (x) => einsum('ii->i', reshape(x, [2, 2])))).toEqual([1, 4])
  })

  test('einsum multiplies first what is smallest', () => {
    const program = traceProgram((trace) => {
      const [a, b, c] = [
        [2, 90],
        [90, 80],
        [80, 3],
      ].map((shape, i) => trace.batch(`x${i}`, 'f32', shape))
      if (a && b && c) trace.result('value', einsum('ij,jk,kl->il', a, b, c))
    })
    const products = program.nodes.filter(({ op }) => op === 'matmul').map(({ shape }) => shape)
    expect(products).toEqual([
      [2, 80],
      [2, 3],
    ])
  })
})

test('gather is refused without an axis', () => {
  expect(() => eager(() => gather(constant(1), cast(0, 'i32')))).toThrow('the table must have rows: [rows, …]')
})

describe('rows of examples', () => {
  const model = defineModel({
    params: { weight: parameter([4, 5], normal(1)) },
    step: ({ weight }, { image }) => ({ loss: mean(square(tanh(matmul(reshape(image, [-1, 3, 4]), weight)))) }),
  })
  const data = { fields: { image: { dtype: 'f32', shape: [12] } }, numExamples: 6 } as const
  const { program } = train(model, { optimizer: sgd({ learningRate: 0.1 }), batchSize: 6, data })
  const product = program.nodes.findIndex(({ op, shape }) => op === 'matmul' && shape[0] === 18)

  test('are an axis of theirs, where places of one lie side by side', () => {
    expect(product).toBeGreaterThan(0)
    expect(batchAxes(program)[product]).toBe(0)
    const gradient = program.nodes.findIndex(({ op, shape }) => op === 'matmul' && shape[0] === 4)
    expect(batchAxes(program)[gradient]).toBeUndefined()
  })
})
