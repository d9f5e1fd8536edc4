/**
 * What `grad` promises beyond the rule of each op, which ops.test.ts checks.
 */
import { describe, expect, test } from 'vitest'
import {
  abs,
  add,
  broadcastTo,
  concat,
  constant,
  equal,
  exp,
  gather,
  grad,
  logSoftmax,
  matmul,
  max,
  maximum,
  mean,
  mul,
  neg,
  pow,
  relu,
  reshape,
  scatterAdd,
  select,
  type Shape,
  ShapeError,
  stopGradient,
  sum,
  slice,
  softmax,
  square,
  Tensor,
  type TensorLike,
  UserError,
  zeros,
} from '../index.js'
import { evaluate, traceProgram } from '../engine/index.js'

/** The gradient by `x` of what `build` makes of it, at the values given. */
function gradientAt(x: readonly number[], build: (x: Tensor) => Tensor): number[] {
  const program = traceProgram((trace) => {
    const state = trace.state('x', [x.length], { kind: 'constant', value: 0 })
    trace.result('gradient', first(grad(build(state), [state])))
  })
  return [...(evaluate(program, { state: { x } }).results.gradient ?? [])]
}

function first(tensors: readonly Tensor[]): TensorLike {
  return tensors[0] ?? NaN
}

describe('grad', () => {
  test('is zeros for what the loss does not depend on', () => {
    expect(gradientAt([1, 2], () => mean(2))).toEqual([0, 0])
    expect(gradientAt([1, 2], (x) => sum(stopGradient(x)))).toEqual([0, 0])
    expect(gradientAt([1, 2], (x) => sum(equal(x, 1)))).toEqual([0, 0])
  })

  test('makes nothing for what it is not asked for, or what passes no gradient', () => {
    /** How many nodes are made by the gradients by some of `weight` and `x`. */
    const nodesMade = (count: 1 | 2, factor: (x: Tensor, weight: Tensor) => Tensor) => {
      let made = NaN
      traceProgram((trace) => {
        const [weight, x] = [trace.batch('weight', 'f32', [2]), trace.batch('x', 'f32', [2])]
        const loss = sum(exp(mul(weight, factor(x, weight))))
        const { node } = neg(x)
        grad(loss, [weight, x].slice(0, count))
        made = neg(neg(x)).node - node
      })
      return made
    }
    const ofOne = nodesMade(1, (x) => x)
    expect(nodesMade(2, (x) => x)).toBe(ofOne + 1)
    expect(nodesMade(1, (x) => exp(exp(x)))).toBe(ofOne)
    expect(nodesMade(1, (_, weight) => exp(exp(stopGradient(weight))))).toBe(ofOne)
  })

  test('of what was broadcast is summed along the axes that were repeated', () => {
    const summed = (x: readonly number[], shape: Shape, joint: Shape) =>
      gradientAt(x, (flat) => {
        const weights = Array.from({ length: joint.reduce((a, b) => a * b) }, (_, i) => i)
        return sum(mul(broadcastTo(reshape(flat, shape), joint), constant(weights, joint)))
      })
    expect(summed([1, 1], [2], [3, 2])).toEqual([0 + 2 + 4, 1 + 3 + 5])
    expect(summed([1, 1], [2, 1], [2, 3])).toEqual([0 + 1 + 2, 3 + 4 + 5])
    expect(summed([1, 1], [1, 2], [3, 2, 2])).toEqual([0 + 2 + 4 + 6 + 8 + 10, 1 + 3 + 5 + 7 + 9 + 11])
    expect(summed([1, 1], [2, 1], [3, 2, 1])).toEqual([0 + 2 + 4, 1 + 3 + 5])
  })

  test('adds up all the ways in which the loss depends', () => {
    expect(gradientAt([1, 2], (x) => sum(add(mul(x, x), mul(3, x))))).toEqual([5, 7])
  })

  test('passes by what stopGradient holds', () => {
    expect(gradientAt([1, 2], (x) => sum(mul(x, stopGradient(x))))).toEqual([1, 2])
  })

  test('passes by the condition of a select', () => {
    expect(gradientAt([0, 2], (x) => sum(add(select(x, x, 3), mul(x, x))))).toEqual([0, 5])
  })

  test('is 0 at the kink of relu and abs', () => {
    expect(gradientAt([-1, 0, 1], (x) => sum(relu(x)))).toEqual([0, 0, 1])
    expect(gradientAt([-1, 0, 1], (x) => sum(abs(x)))).toEqual([-1, 0, 1])
  })

  test.each([
    // By a: b · a^(b - 1), where 0 · ∞ is 0; by b: a^b · log a, or 0 where a is 0 or less.
    { a: 3, b: 0, byA: 0, byB: Math.log(3) },
    { a: 3, b: 1, byA: 1, byB: 3 * Math.log(3) },
    { a: 3, b: -1, byA: -1 / 9, byB: Math.log(3) / 3 },
    { a: 0, b: 0, byA: 0, byB: 0 },
    { a: 0, b: 1, byA: 1, byB: 0 },
    { a: 0, b: 3, byA: 0, byB: 0 },
    { a: 0, b: 0.5, byA: Infinity, byB: 0 },
    { a: -2, b: 0, byA: 0, byB: 0 },
    { a: -2, b: 1, byA: 1, byB: 0 },
    { a: -2, b: 3, byA: 12, byB: 0 },
  ])('of pow($a, $b) is $byA by the base and $byB by the exponent', ({ a, b, byA, byB }) => {
    const [foundA = NaN, foundB = NaN] = gradientAt([a, b], (x) => sum(pow(slice(x, [0], [1]), slice(x, [1], [1]))))
    if (byA === Infinity) expect(foundA).toBe(Infinity)
    else expect(foundA).toBeCloseTo(byA, 12)
    expect(foundB).toBeCloseTo(byB, 12)
  })

  test('of softmax and logSoftmax leaves out probabilities below 2^-110', () => {
    // e^-76 is above, e^-76.5 below.
    const logits = [0, -76, -76.5, -100]
    const bySoftmax = gradientAt(logits, (x) => sum(mul(softmax(x), constant([0, 1, 1, 1]))))
    expect((bySoftmax[1] ?? NaN) / Math.exp(-76)).toBeCloseTo(1, 10)
    expect(bySoftmax.slice(2)).toEqual([0, 0])
    const byLogSoftmax = gradientAt(logits, (x) => sum(slice(logSoftmax(x), [0], [1]))).map(Math.abs)
    expect((byLogSoftmax[1] ?? NaN) / Math.exp(-76)).toBeCloseTo(1, 10)
    expect(byLogSoftmax.slice(2)).toEqual([0, 0])
  })

  test('is shared evenly by equal largest elements', () => {
    expect(gradientAt([3, 1, 3, 3], (x) => max(x))).toEqual([1 / 3, 0, 1 / 3, 1 / 3])
    expect(gradientAt([1, 2, 3], (x) => sum(maximum(x, 2)))).toEqual([0, 0.5, 1])
  })

  test('is of anything on the way to the loss', () => {
    const program = traceProgram((trace) => {
      const x = trace.state('x', [2], { kind: 'constant', value: 3 })
      const squared = mul(x, x)
      const [byX, bySquared] = grad(sum(mul(squared, 2)), [x, squared])
      trace.result('byX', byX ?? NaN)
      trace.result('bySquared', bySquared ?? NaN)
    })
    const { byX, bySquared } = evaluate(program).results
    expect([...(byX ?? [])]).toEqual([12, 12])
    expect([...(bySquared ?? [])]).toEqual([2, 2])
  })

  test('ends at a value that passes none, though it is asked for itself', () => {
    const program = traceProgram((trace) => {
      const x = trace.state('x', [2], { kind: 'constant', value: 3 })
      const held = stopGradient(x)
      const [byX, byHeld] = grad(sum(mul(held, held)), [x, held])
      trace.result('byX', byX ?? NaN)
      trace.result('byHeld', byHeld ?? NaN)
    })
    const { byX, byHeld } = evaluate(program).results
    expect([...(byX ?? [])]).toEqual([0, 0])
    expect([...(byHeld ?? [])]).toEqual([6, 6])
  })

  test('of the loss itself is 1', () => {
    const program = traceProgram((trace) => {
      const loss = sum(trace.batch('x', 'f32', [2]))
      const gradient = first(grad(loss, [loss]))
      expect(gradient).toBeInstanceOf(Tensor)
      trace.result('gradient', gradient)
    })
    expect([...(evaluate(program, { batch: { x: [1, 2] } }).results.gradient ?? [])]).toEqual([1])
  })

  test('of rows outside is 0, in a gather and a scatterAdd alike', () => {
    const indices = () => constant(Int32Array.of(-1, 0, 2, 7))
    const weights = () => constant([10, 20, 30])
    expect(gradientAt([1, 2, 3, 4], (x) => sum(mul(scatterAdd(x, indices(), 3), weights())))).toEqual([0, 10, 30, 0])
    expect(gradientAt([1, 2, 3], (x) => sum(mul(gather(x, indices()), constant([10, 20, 30, 40]))))).toEqual([
      20, 0, 30,
    ])
  })

  test('can be taken three times', () => {
    const cubed = (x: Tensor) => mul(x, mul(x, x))
    const values = gradientAt([2, 5], (x) => {
      const [slope] = grad(sum(cubed(x)), [x])
      const [curvature] = grad(sum(slope ?? NaN), [x])
      return sum(curvature ?? NaN)
    })
    expect(values).toEqual([6, 6])
  })

  test('of a common subexpression is computed once', () => {
    const program = traceProgram((trace) => {
      const x = trace.state('x', [2, 2], { kind: 'constant', value: 1 })
      const [gradient] = grad(sum(exp(matmul(x, x))), [x])
      trace.result('loss', sum(exp(matmul(x, x))))
      trace.result('gradient', gradient ?? NaN)
    })
    expect(program.nodes.filter(({ op }) => op === 'exp')).toHaveLength(1)
    expect(program.nodes.filter(({ op }) => op === 'matmul')).toHaveLength(3)
  })

  describe('of a value with many uses', () => {
    /** The ops of the gradient by a weight of the sum of `uses`, and whether it is that of each, added up. */
    const gradientOf = (uses: readonly ((weight: Tensor) => Tensor)[], shape: Shape = [4, 3]) => {
      const program = traceProgram((trace) => {
        const weight = trace.state('weight', shape, zeros)
        const losses = uses.map((use) => sum(square(use(weight))))
        trace.result(
          'joined',
          first(
            grad(
              losses.reduce((a, b) => add(a, b)),
              [weight],
            ),
          ),
        )
      })
      const apart = traceProgram((trace) => {
        const weight = trace.state('weight', shape, zeros)
        const gradients = uses.map((use) => grad(sum(square(use(weight))), [weight])[0] ?? weight)
        trace.result(
          'added',
          gradients.reduce((a, b) => add(a, b)),
        )
      })
      const state = { weight: Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i + 1)) }
      const { joined } = evaluate(program, { state }).results
      const { added } = evaluate(apart, { state }).results
      joined?.forEach((value, i) => expect(value).toBeCloseTo(added?.[i] ?? NaN, 10))
      const { inputs, op } = program.node(program.results[0]?.node ?? -1)
      return { op, from: inputs.map((input) => program.node(input)) }
    }
    const rows = (seed: number, count = 2, columns = 4) =>
      constant(
        Array.from({ length: count }, (_, i) =>
          Array.from({ length: columns }, (_, j) => Math.cos(seed + i * (j + 1))),
        ),
      )

    test('in products is one product, over all their rows', () => {
      const { op, from } = gradientOf([1, 2, 3].map((seed) => (weight) => matmul(rows(seed), weight)))
      expect(op).toBe('matmul')
      expect(from.map(({ shape }) => shape)).toEqual([
        [6, 4],
        [6, 3],
      ])
    })

    test('in products of its transpose, too', () => {
      const by = (seed: number) => slice(rows(seed), [0, 0], [2, 3])
      const { op, from } = gradientOf([1, 2].map((seed) => (weight) => matmul(by(seed), weight, { transposeB: true })))
      expect(op).toBe('matmul')
      expect(from.map(({ shape }) => shape)).toEqual([
        [4, 4],
        [4, 3],
      ])
    })

    test('in products from the left is one product, over all their columns', () => {
      const { op, from } = gradientOf([1, 2].map((seed) => (weight) => matmul(weight, rows(seed, 3, 1))))
      expect(op).toBe('matmul')
      expect(from.map(({ shape }) => shape)).toEqual([
        [4, 2],
        [3, 2],
      ])
    })

    test('in products of other inner extents, or of many rows, is a sum of products', () => {
      expect(gradientOf([1, 2].map((seed) => (weight) => matmul(rows(seed, seed), weight))).op).toBe('add')
      expect(gradientOf([1, 2].map((seed) => (weight) => matmul(rows(seed, 9), weight))).op).toBe('add')
      expect(gradientOf([1, 2].map((count) => (weight) => matmul(weight, rows(count, 3, count)))).op).toBe('add')
    })

    test('in products is one where its factors have no more than twice the elements', () => {
      const uses = (count: number, columns: number) =>
        [1, 2].map((seed) => (weight: Tensor) => matmul(rows(seed, count, columns), weight))
      // 3 · (3 + 3) is just 2 · 3 · 3.
      expect(gradientOf(uses(3, 3), [3, 3]).op).toBe('matmul')
      // 4 · (4 + 3) is more than 2 · 4 · 3.
      expect(gradientOf(uses(4, 4)).op).toBe('add')
    })

    test('in products of what was joined before uses that, in the order of the uses', () => {
      const program = traceProgram((trace) => {
        const weight = trace.state('weight', [4, 3], zeros)
        const steps = [1, 2, 3].map((step) => trace.batch(`x${step}`, 'f32', [2, 4]))
        const joined = concat(
          steps.map((x) => reshape(x, [2, 1, 4])),
          1,
        )
        trace.result('joined', sum(square(joined)))
        const loss = steps.map((x) => sum(square(matmul(x, weight)))).reduce((a, b) => add(a, b))
        trace.result('gradient', first(grad(loss, [weight])))
      })
      // That of the steps, and that of the gradients by the products.
      expect(program.nodes.filter(({ op }) => op === 'concat')).toHaveLength(2)
    })

    test('in blocks, of which one begins where two others end or begin, is right', () => {
      const block = (row: number, count: number) => (weight: Tensor) => slice(weight, [row, 0], [count, 3])
      expect(gradientOf([block(0, 1), block(1, 1), block(1, 3)]).op).toBe('add')
      expect(gradientOf([block(0, 2), block(1, 1), block(2, 2), block(2, 1)]).op).toBe('add')
    })

    test('in blocks side by side is those, one after another, and zeros around them', () => {
      const block = (row: number, count: number) => (weight: Tensor) => slice(weight, [row, 0], [count, 3])
      expect(gradientOf([block(2, 2), block(0, 1), block(1, 1)]).op).toBe('concat')
      const inside = gradientOf([block(2, 1), block(1, 1)])
      expect([inside.op, inside.from[0]?.op]).toEqual(['pad', 'concat'])
    })

    test('in blocks that overlap or lie apart is a sum of them', () => {
      const block = (row: number, count: number) => (weight: Tensor) => slice(weight, [row, 0], [count, 3])
      expect(gradientOf([block(0, 2), block(1, 2)]).op).toBe('add')
      expect(gradientOf([block(0, 1), block(2, 2)]).op).toBe('add')
      expect(gradientOf([block(0, 2), (weight) => slice(weight, [0, 0], [4, 2])]).op).toBe('add')
    })
  })

  test('does not exist for integers', () => {
    const build = () =>
      traceProgram((trace) => {
        const pixels = trace.batch('pixels', 'u8', [4])
        grad(sum(pixels), [pixels])
      })
    expect(build).toThrow(UserError)
    expect(build).toThrow('grad: a tensor of dtype u8 has no gradient')
  })

  test('is of one number', () => {
    const build = (dtype: 'f32' | 'u8', shape: readonly number[]) => () =>
      traceProgram((trace) => {
        const x = trace.batch('x', dtype, shape)
        grad(x, [x])
      })
    expect(build('f32', [4])).toThrow(ShapeError)
    expect(build('f32', [4])).toThrow('grad: the loss must be an f32 scalar, not f32[4]: take its mean or sum')
    expect(build('u8', [])).toThrow('grad: the loss must be an f32 scalar, not u8[]')
  })
})
