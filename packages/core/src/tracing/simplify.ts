/**
 * What a node can be replaced by while it is traced: an operand that it equals, or a constant.
 *
 * Only identities that hold for all values, NaN and infinity included, are used (the sign of a zero
 * aside), so a simplified Program computes the same bits. They clean up what gradients write:
 * products with 1, quotients of constants, reshapes of reshapes.
 */
import { sameShape } from '../program/dtype.js'
import { fillValue, type Node } from '../program/node.js'
import type { OpName } from '../program/op-table.js'
import type { NodeRequest } from './node-request.js'
import type { Tensor } from './tensor.js'

/** The trace that the node would be part of. */
interface Tracer {
  node(request: NodeRequest): Tensor
  describe(tensor: Tensor): Node
  tensorAt(index: number): Tensor
}

interface Context {
  readonly trace: Tracer
  readonly inputs: readonly Tensor[]
}

/** A tensor of the node's type and value, or undefined where the node is needed. */
type Simplification = (context: Context, node: Node) => Tensor | undefined

export function simplify(node: Node, context: Context): Tensor | undefined {
  return SIMPLIFICATIONS[node.op]?.(context, node)
}

const SIMPLIFICATIONS: Partial<Record<OpName, Simplification>> = {
  neg: folded((a) => -a),
  add: folded((a, b) => a + b),
  sub: folded((a, b) => a - b),
  mul: firstOf(
    ({ trace, inputs: [a, b] }) => (fillOf(trace, a) === 1 ? b : fillOf(trace, b) === 1 ? a : undefined),
    folded((a, b) => a * b),
  ),
  div: firstOf(
    ({ trace, inputs: [a, b] }) => (fillOf(trace, b) === 1 ? a : undefined),
    folded((a, b) => a / b),
  ),
  concat: ({ inputs }) => (inputs.length === 1 ? inputs[0] : undefined),

  broadcast: refilled,
  reshape: firstOf(sameAsOperand, refilled, ({ trace, inputs: [x] }, { shape }) => {
    const source = x && trace.describe(x)
    const [origin] = source?.inputs ?? []
    if (source?.op !== 'reshape' || origin === undefined) return undefined
    return trace.node({ op: 'reshape', inputs: [trace.tensorAt(origin)], shape })
  }),
  transpose: ({ inputs: [x] }, node) => {
    const isIdentity = node.op === 'transpose' && node.attributes.permutation.every((axis, index) => axis === index)
    return isIdentity ? x : undefined
  },
  // A block of the whole shape can only begin at 0.
  slice: sameAsOperand,
  pad: sameAsOperand,
}

function firstOf(...simplifications: readonly Simplification[]): Simplification {
  return (context, node) => {
    for (const simplification of simplifications) {
      const simpler = simplification(context, node)
      if (simpler) return simpler
    }
    return undefined
  }
}

/** The operand, where the node would have the same shape. */
function sameAsOperand({ inputs: [x] }: Context, { shape }: Node): Tensor | undefined {
  return x && sameShape(x.shape, shape) ? x : undefined
}

/** A constant that fills one shape, in another. */
function refilled({ trace, inputs: [x] }: Context, { shape, dtype }: Node): Tensor | undefined {
  const values = fillOf(trace, x)
  if (values === undefined) return undefined
  return trace.node({ op: 'constant', attributes: { values }, shape, dtype })
}

/**
 * Arithmetic on constants that fill their shape. Computed in double precision and rounded once,
 * which gives the same as f32 arithmetic for these operations (Figueroa, When is double rounding
 * innocuous?, 1995).
 */
function folded(compute: (a: number, b: number) => number): Simplification {
  return ({ trace, inputs: [x, y] }, { shape, dtype }) => {
    const a = fillOf(trace, x)
    const b = y ? fillOf(trace, y) : 0
    if (a === undefined || b === undefined) return undefined
    const values = Math.fround(compute(a, b))
    if (!Number.isFinite(values)) return undefined
    return trace.node({
      op: 'constant',
      attributes: { values: values === 0 ? 0 : values },
      shape,
      dtype,
    })
  }
}

/** The number that a constant fills its shape with, if the tensor is one. */
function fillOf(trace: Tracer, tensor: Tensor | undefined): number | undefined {
  return tensor && fillValue(trace.describe(tensor))
}
