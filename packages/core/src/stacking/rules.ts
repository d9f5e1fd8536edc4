/**
 * How each primitive op computes for all replicas at once: one rule each, in one table.
 *
 * A rule gives every replica the bits of the op alone: an element is made by the same operations in the same order.
 * That is free for what is computed element by element, and for products, whose every element is its own sum. A sum of
 * contiguous elements has an order of its own, so these stay contiguous.
 */
import { sizeOf, type Shape } from '../program/dtype.js'
import { reshape } from '../ops/layout.js'
import { matmul } from '../ops/product.js'
import type { OpName } from '../program/op-table.js'
import type { Attributes, Node } from '../program/program.js'
import { Tensor } from '../tracing/tensor.js'
import { currentTrace } from '../tracing/trace.js'
import { beforeLast, FIRST, repeated, spread, StackedValue } from './stacked-value.js'

/** A tensor is one that all replicas share. */
export type Value = Tensor | StackedValue

export interface StackingContext {
  readonly node: Node
  /** At least one of them stacked. */
  readonly operands: readonly Value[]
  readonly numReplicas: number
}

type Rule = (context: StackingContext) => StackedValue

/** null: programs in which replicas differ in what this op reads are not stacked. */
export const stackingRules: Readonly<Record<OpName, Rule | null>> = {
  input: null,
  constant: null,
  random: null,

  neg: elementwise,
  exp: elementwise,
  log: elementwise,
  sqrt: elementwise,
  tanh: elementwise,
  sigmoid: elementwise,
  relu: elementwise,
  abs: elementwise,
  flush: elementwise,
  stopGradient: elementwise,
  cast: elementwise,
  add: elementwise,
  sub: elementwise,
  mul: elementwise,
  div: elementwise,
  max: elementwise,
  min: elementwise,
  less: elementwise,
  lessEqual: elementwise,
  equal: elementwise,
  select: elementwise,

  sum: reduction,
  reduceMax: reduction,
  argMax: first((shape) => ({ shape })),
  softmax: elementwise,
  logSoftmax: elementwise,

  broadcast: ({ node, operands: [x] }) => repeated(stacked(x), node.shape),
  reshape: first((shape) => ({ shape })),
  transpose: first((shape, { permutation }) => ({
    shape,
    attributes: { permutation: [0, ...integers(permutation).map((axis) => axis + 1)] },
  })),
  slice: first((shape, { starts }) => ({
    shape,
    attributes: { starts: [0, ...integers(starts)] },
  })),
  pad: first((shape, { before }) => ({ shape, attributes: { before: [0, ...integers(before)] } })),
  concat: first((shape, { axis }) => ({ shape, attributes: { axis: Number(axis) + 1 } })),

  gather: null,
  scatterAdd: null,
  oneHot: first((shape, attributes) => ({ shape, attributes })),
  matmul: product,
}

/** Along with what is read before the last axis, if anything is, so that what follows a shared product stays as it is. */
function elementwise({ node, operands, numReplicas }: StackingContext): StackedValue {
  const places = operands.map((operand) => (operand instanceof StackedValue ? operand.axis : 0))
  const axis = Math.max(...places.map((place) => place ?? 0))
  return remade(node, operands, axis, numReplicas)
}

function remade(
  node: Node,
  operands: readonly Value[],
  axis: number,
  numReplicas: number,
): StackedValue {
  const inputs = operands.map((operand) => tensorAt(operand, axis, numReplicas))
  const { op, attributes } = node
  return StackedValue.of(currentTrace().node({ op, inputs, attributes }), axis)
}

/** Sums down columns may leave the replicas side by side in the rows. */
function reduction({ node, operands: [x] }: StackingContext): StackedValue {
  const value = stacked(x)
  const { op } = node
  const axes = integers(node.attributes.axes)
  const last = value.shape.length - 1
  const isDownColumns = !axes.includes(last) && (value.shape[last] ?? 1) > 1
  const axis = isDownColumns ? (value.axis ?? FIRST) : FIRST
  const attributes = { axes: axis === FIRST ? axes.map((own) => own + 1) : axes }
  const reduced = currentTrace().node({ op, inputs: [value.at(axis)], attributes })
  return StackedValue.of(reduced, axis === FIRST ? FIRST : beforeLast(node.shape))
}

type Request = (shape: Shape, attributes: Attributes) => { shape: Shape; attributes?: Attributes }

/** An op that takes its axes as they are, after the replica axis. */
function first(request: Request): Rule {
  return ({ node, operands, numReplicas }) => {
    const inputs = operands.map((operand) => tensorAt(operand, FIRST, numReplicas))
    const { op, dtype } = node
    const asked = request([numReplicas, ...node.shape], node.attributes)
    return StackedValue.of(currentTrace().node({ op, inputs, dtype, ...asked }), FIRST)
  }
}

/** With an operand that all share, one product of a larger matrix; else a product for each replica. */
function product({ node, operands: [a, b], numReplicas }: StackingContext): StackedValue {
  const transposeA = node.attributes.transposeA === true
  const transposeB = node.attributes.transposeB === true
  const [m = 1, n = 1] = node.shape.slice(-2)
  const isMatrix = node.shape.length === 2
  if (isMatrix && a instanceof Tensor) {
    // [k, replicas * n], or stored transposed [replicas * n, k].
    const [rows = 1, columns = 1] = stacked(b).shape
    const joined = transposeB
      ? reshape(stacked(b).at(FIRST), [numReplicas * rows, columns])
      : reshape(stacked(b).at(1), [rows, numReplicas * columns])
    const all = matmul(a, joined, { transposeA, transposeB })
    return StackedValue.of(reshape(all, [m, numReplicas, n]), 1)
  }
  if (isMatrix && b instanceof Tensor) {
    const [rows = 1, columns = 1] = stacked(a).shape
    const joined = transposeA
      ? reshape(stacked(a).at(1), [rows, numReplicas * columns])
      : reshape(stacked(a).at(FIRST), [numReplicas * rows, columns])
    const all = matmul(joined, b, { transposeA, transposeB })
    return StackedValue.of(reshape(all, [numReplicas, m, n]), FIRST)
  }
  const [left, right] = [a, b].map((operand) => matrices(operand, numReplicas))
  const all = matmul(left ?? 0, right ?? 0, { transposeA, transposeB })
  return StackedValue.of(reshape(all, [numReplicas, ...node.shape]), FIRST)
}

/** All matrices of all replicas, as one stack. */
function matrices(operand: Value | undefined, numReplicas: number): Tensor {
  const tensor = tensorAt(operand, FIRST, numReplicas)
  return reshape(tensor, [sizeOf(tensor.shape.slice(0, -2)), ...tensor.shape.slice(-2)])
}

function tensorAt(operand: Value | undefined, axis: number, numReplicas: number): Tensor {
  if (operand instanceof Tensor) return spread(operand, axis, numReplicas)
  return stacked(operand).at(axis)
}

function stacked(value: Value | undefined): StackedValue {
  if (value instanceof StackedValue) return value
  throw new TypeError(
    'an operand that all replicas share stands where one of their own is expected',
  )
}

function integers(value: unknown): readonly number[] {
  return Array.isArray(value) ? (value as number[]) : []
}
