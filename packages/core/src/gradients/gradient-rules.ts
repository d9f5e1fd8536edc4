/**
 * The gradient of every primitive op: one rule each, in one table.
 *
 * A rule gets a node and the gradient of the loss by its value, and gives, for each operand, how to make the gradient
 * by that operand. Each is a function, called only where it is needed. Rules are made of ops, so they differentiate
 * again.
 */
import type { Shape } from '../program/dtype.js'
import type { ByOp, NodeOf } from '../program/node.js'
import type { OpName } from '../program/op-table.js'
import { operands } from '../program/operand-checks.js'
import { convFilterOf, convOf, convTransposeOf } from '../ops/convolution.js'
import {
  add,
  cos,
  div,
  equal,
  exp,
  flushBelow,
  less,
  log,
  mul,
  neg,
  pow,
  select,
  sin,
  sub,
} from '../ops/elementwise.js'
import { padWithZeros, reshape, slice, transpose } from '../ops/layout.js'
import { broadcastTo } from '../ops/operands.js'
import { maxPoolOf, maxPoolSpreadOf } from '../ops/pooling.js'
import { sortOf, sortSpreadOf } from '../ops/order.js'
import { matmul } from '../ops/product.js'
import { sum } from '../ops/reduction.js'
import { gather, scatterAdd } from '../ops/rows.js'
import type { Tensor } from '../tracing/tensor.js'

export interface RuleContext {
  /** Of the loss, by the op's value; of the value's shape. */
  readonly gradient: Tensor
  readonly value: Tensor
  readonly inputs: readonly Tensor[]
}

/** How to make the gradient by each operand, in order; undefined for an operand that has none. */
type Contributions = readonly ((() => Tensor) | undefined)[]

/**
 * Less likely classes have no part in a gradient. So a loss that vanishes has gradients that are 0 or far from denormal
 * numbers, which are slow on CPUs, through the layers before it, too.
 */
const LEAST_PROBABILITY = 2 ** -110

/** null: the value does not change smoothly with any operand, so no gradient passes. */
export const gradientRules: ByOp<[RuleContext], Contributions, null> = {
  input: null,
  constant: null,
  random: null,

  neg: (_, { gradient: g }) => [() => neg(g)],
  exp: (_, { gradient: g, value: y }) => [() => mul(g, y)],
  log: unary(({ gradient: g }, x) => div(g, x)),
  log1p: unary(({ gradient: g }, x) => div(g, add(1, x))),
  sqrt: (_, { gradient: g, value: y }) => [() => div(mul(g, 0.5), y)],
  tanh: (_, { gradient: g, value: y }) => [() => mul(g, sub(1, mul(y, y)))],
  sigmoid: (_, { gradient: g, value: y }) => [() => mul(g, mul(y, sub(1, y)))],
  // Of the value, not the operand, so that the operand need not be kept; 0 at 0.
  relu: (_, { gradient: g, value: y }) => [() => select(less(0, y), g, 0)],
  // 0 at 0.
  abs: unary(({ gradient: g }, x) => select(less(0, x), g, select(less(x, 0), neg(g), 0))),
  sin: unary(({ gradient: g }, x) => mul(g, cos(x))),
  cos: unary(({ gradient: g }, x) => neg(mul(g, sin(x)))),
  erf: unary(({ gradient: g }, x) => mul(g, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI)))),
  // That of the identity, everywhere: what is flushed is 0 to within the precision of f32.
  flush: (_, { gradient: g }) => [() => g],
  stopGradient: null,
  // Gradients exist for f32 alone, and a cast from f32 to f32 is never traced.
  cast: null,

  add: (_, { gradient: g }) => [() => g, () => g],
  sub: (_, { gradient: g }) => [() => g, () => neg(g)],
  mul: binary(({ gradient: g }, a, b) => [() => mul(g, b), () => mul(g, a)]),
  div: binary(({ gradient: g, value: y }, _a, b) => [() => div(g, b), () => neg(div(mul(g, y), b))]),
  max: binary(({ gradient: g }, a, b) => [() => larger(g, a, b), () => larger(g, b, a)]),
  // That of the identity, as of flush.
  flushBelow: binary(({ gradient: g }) => [() => g, undefined]),
  min: binary(({ gradient: g }, a, b) => [() => larger(g, b, a), () => larger(g, a, b)]),
  // By the base 0 where the exponent is, and by the exponent where there is no logarithm of the base.
  pow: binary(({ gradient: g, value: y }, a, b) => [
    () => mul(g, select(equal(b, 0), 0, mul(b, pow(a, sub(b, 1))))),
    () => mul(g, select(less(0, a), mul(y, log(select(less(0, a), a, 1))), 0)),
  ]),
  less: null,
  lessEqual: null,
  equal: null,
  select: (_, { gradient: g, inputs }) => {
    const [condition] = operands(inputs, 3)
    return [undefined, () => select(condition, g, 0), () => select(condition, 0, g)]
  },

  sum: unary<'sum'>(({ gradient: g }, x, { attributes }) => spread(g, x.shape, attributes.axes)),
  // Equal largest elements share evenly.
  reduceMax: unary<'reduceMax'>(({ gradient: g, value: y }, x, { attributes: { axes } }) => {
    const isLargest = equal(x, spread(y, x.shape, axes))
    const share = div(g, sum(isLargest, axes))
    return select(isLargest, spread(share, x.shape, axes), 0)
  }),
  argMax: null,
  softmax: (_, { gradient: g, value: y }) => [
    () => {
      const p = flushBelow(y, LEAST_PROBABILITY)
      return mul(p, sub(g, sum(mul(g, p), -1, { keepDims: true })))
    },
  ],
  logSoftmax: (_, { gradient: g, value: y }) => [
    () => sub(g, mul(flushBelow(exp(y), LEAST_PROBABILITY), sum(g, -1, { keepDims: true }))),
  ],

  // Keys only choose; each op is the other's gradient.
  sort: binary<'sort'>(({ gradient: g }, keys, _values, { attributes }) => [
    undefined,
    () => sortSpreadOf(keys, g, attributes),
  ]),
  sortSpread: binary<'sortSpread'>(({ gradient: g }, keys, _y, { attributes }) => [
    undefined,
    () => sortOf(keys, g, attributes),
  ]),

  broadcast: unary(({ gradient: g }, x) => {
    const lead = g.rank - x.rank
    const repeated = g.shape
      .map((_, axis) => axis)
      .filter((axis) => axis < lead || (x.shape[axis - lead] === 1 && g.shape[axis] !== 1))
    return reshape(sum(g, repeated), x.shape)
  }),
  reshape: unary(({ gradient: g }, x) => reshape(g, x.shape)),
  transpose: unary<'transpose'>(({ gradient: g }, x, { attributes: { permutation } }) =>
    transpose(
      g,
      x.shape.map((_, axis) => permutation.indexOf(axis)),
    ),
  ),
  slice: unary<'slice'>(({ gradient: g }, x, { attributes }) => padWithZeros(g, attributes.starts, x.shape)),
  pad: unary<'pad'>(({ gradient: g }, x, { attributes }) => slice(g, attributes.before, x.shape)),
  concat: ({ attributes: { axis } }, { gradient: g, inputs }) => {
    let end = 0
    return inputs.map((input) => {
      const start = end
      end += input.shape[axis] ?? 0
      const starts = g.shape.map((_, i) => (i === axis ? start : 0))
      return () => slice(g, starts, input.shape)
    })
  },

  // Each is the other's gradient for indices outside, too: zeros, and left out.
  gather: binary(({ gradient: g }, table, indices) => [() => scatterAdd(g, indices, table.shape[0] ?? 1), undefined]),
  scatterAdd: binary(({ gradient: g }, _updates, indices) => [() => gather(g, indices), undefined]),
  oneHot: null,
  matmul: binary<'matmul'>(({ gradient: g }, a, b, { attributes }) => {
    const { transposeA = false, transposeB = false } = attributes
    // Of C = A B: G Bᵀ and Aᵀ G, each transposed where the operand is.
    return [
      () =>
        transposeA
          ? matmul(b, g, { transposeA: transposeB, transposeB: true })
          : matmul(g, b, { transposeB: !transposeB }),
      () =>
        transposeB
          ? matmul(g, a, { transposeA: true, transposeB: transposeA })
          : matmul(a, g, { transposeA: !transposeA }),
    ]
  }),

  // A convolution is linear in each operand, and each of its three ops has the other two as its gradients.
  conv: binary<'conv'>(({ gradient: g }, x, filter, { attributes }) => [
    () => convTransposeOf(g, filter, attributes, x.shape),
    () => convFilterOf(x, g, attributes, filter.shape),
  ]),
  convTranspose: binary<'convTranspose'>(({ gradient: g }, y, filter, { attributes }) => [
    () => convOf(g, filter, attributes, y.shape),
    () => convFilterOf(g, y, attributes, filter.shape),
  ]),
  convFilter: binary<'convFilter'>(({ gradient: g }, x, y, { attributes }) => [
    () => convTransposeOf(y, g, attributes, x.shape),
    () => convOf(x, g, attributes, y.shape),
  ]),
  // Keys only choose.
  maxPool: binary<'maxPool'>(({ gradient: g }, keys, _values, { attributes }) => [
    undefined,
    () => maxPoolSpreadOf(keys, g, attributes),
  ]),
  maxPoolSpread: binary<'maxPoolSpread'>(({ gradient: g }, keys, y, { attributes }) => [
    undefined,
    () => maxPoolOf(keys, g, attributes, y.shape),
  ]),
}

/** The rule of an op with one operand. */
function unary<Op extends OpName>(rule: (context: RuleContext, x: Tensor, node: NodeOf<Op>) => Tensor) {
  return (node: NodeOf<Op>, context: RuleContext): Contributions =>
    context.inputs.map((x) => () => rule(context, x, node))
}

/** The rule of an op with two operands. */
function binary<Op extends OpName>(
  rule: (context: RuleContext, a: Tensor, b: Tensor, node: NodeOf<Op>) => Contributions,
) {
  return (node: NodeOf<Op>, context: RuleContext): Contributions => rule(context, ...operands(context.inputs, 2), node)
}

/** `g` where `a` is the larger of the two, half of it where they are equal, else 0. */
function larger(g: Tensor, a: Tensor, b: Tensor): Tensor {
  return select(less(b, a), g, select(equal(a, b), mul(g, 0.5), 0))
}

/** A value without some axes, repeated along them to the shape that has them. */
function spread(reduced: Tensor, shape: Shape, axes: Shape): Tensor {
  const kept = reshape(
    reduced,
    shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent)),
  )
  return broadcastTo(kept, shape)
}
