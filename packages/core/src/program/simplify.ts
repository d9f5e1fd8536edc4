/**
 * What a node can be replaced by while it is traced: an operand that it equals, or a constant.
 *
 * Only identities that hold for all values, NaN and infinity included, are used (the sign of a zero aside), so a
 * simplified Program computes the same bits. They clean up what gradients write: products with 1, quotients of
 * constants, reshapes of reshapes.
 */
import { sameShape } from './dtype.js'
import type { OpName } from './op-table.js'
import type { Attributes } from './program.js'
import type { TensorType } from './shape-inference.js'
import type { Tensor } from '../tracing/tensor.js'
import type { Trace } from '../tracing/trace.js'

interface Context {
  readonly trace: Trace
  readonly inputs: readonly Tensor[]
  readonly attributes: Attributes
  /** The type that the node would have. */
  readonly type: TensorType
}

/** A tensor of the node's type and value, or undefined where the node is needed. */
type Simplification = (context: Context) => Tensor | undefined

export function simplify(op: OpName, context: Context): Tensor | undefined {
  return SIMPLIFICATIONS[op]?.(context)
}

const SIMPLIFICATIONS: Partial<Record<OpName, Simplification>> = {
  neg: folded((a) => -a),
  add: folded((a, b) => a + b),
  sub: folded((a, b) => a - b),
  mul: firstOf(
    ({ trace, inputs: [a, b] }) =>
      fillOf(trace, a) === 1 ? b : fillOf(trace, b) === 1 ? a : undefined,
    folded((a, b) => a * b),
  ),
  div: firstOf(
    ({ trace, inputs: [a, b] }) => (fillOf(trace, b) === 1 ? a : undefined),
    folded((a, b) => a / b),
  ),
  cast: ({ inputs: [x], type }) => (x?.dtype === type.dtype ? x : undefined),
  concat: ({ inputs }) => (inputs.length === 1 ? inputs[0] : undefined),

  broadcast: firstOf(sameAsOperand, refilled),
  reshape: firstOf(sameAsOperand, refilled, ({ trace, inputs: [x], type }) => {
    const source = x && trace.describe(x)
    const [origin] = source?.inputs ?? []
    if (source?.op !== 'reshape' || origin === undefined) return undefined
    return trace.node({ op: 'reshape', inputs: [trace.tensorAt(origin)], shape: type.shape })
  }),
  transpose: ({ inputs: [x], attributes: { permutation } }) => {
    const isIdentity =
      typeof permutation === 'object' && permutation.every((axis, index) => axis === index)
    return isIdentity ? x : undefined
  },
  // A block of the whole shape can only begin at 0.
  slice: sameAsOperand,
  pad: sameAsOperand,
}

function firstOf(...simplifications: readonly Simplification[]): Simplification {
  return (context) => {
    for (const simplification of simplifications) {
      const simpler = simplification(context)
      if (simpler) return simpler
    }
    return undefined
  }
}

/** The operand, where the node would have the same shape. */
function sameAsOperand({ inputs: [x], type }: Context): Tensor | undefined {
  return x && sameShape(x.shape, type.shape) ? x : undefined
}

/** A constant that fills one shape, in another. */
function refilled({ trace, inputs: [x], type }: Context): Tensor | undefined {
  const values = fillOf(trace, x)
  if (values === undefined) return undefined
  return trace.node({ op: 'constant', attributes: { values }, ...type })
}

/**
 * Arithmetic on constants that fill their shape. Computed in double precision and rounded once, which gives the same as
 * f32 arithmetic for these operations (Figueroa, When is double rounding innocuous?, 1995).
 */
function folded(compute: (a: number, b: number) => number): Simplification {
  return ({ trace, inputs: [x, y], type }) => {
    const a = fillOf(trace, x)
    const b = y ? fillOf(trace, y) : 0
    if (a === undefined || b === undefined) return undefined
    const values = Math.fround(compute(a, b))
    if (!Number.isFinite(values)) return undefined
    return trace.node({
      op: 'constant',
      attributes: { values: values === 0 ? 0 : values },
      ...type,
    })
  }
}

/** The number that a constant fills its shape with, if the tensor is one. */
function fillOf(trace: Trace, tensor: Tensor | undefined): number | undefined {
  if (!tensor) return undefined
  const { op, attributes } = trace.describe(tensor)
  const { values } = attributes
  return op === 'constant' && typeof values === 'number' ? values : undefined
}
