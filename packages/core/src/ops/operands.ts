/**
 * What ops share: operands made ready (numbers to constants, integers to f32, shapes broadcast) and axes made positive.
 */
import { type DType, sameShape, type Shape } from '../program/dtype.js'
import { callText } from '../program/shape-inference.js'
import type { Tensor, TensorLike } from '../tracing/tensor.js'
import { currentTrace, shapeError } from '../tracing/trace.js'

/** A tensor of the trace in progress. */
export function tensorOf(x: TensorLike): Tensor {
  return currentTrace().tensor(x)
}

/** `x` as f32, the dtype of all arithmetic. */
export function asF32(x: TensorLike): Tensor {
  return cast(x, 'f32')
}

/**
 * `x` with another element type. u8 and i32 become f32 exactly or rounded to nearest; f32 to i32 or u8 truncates
 * towards zero and saturates, NaN gives 0. A tensor of that dtype already is returned as it is.
 */
export function cast(x: TensorLike, dtype: DType): Tensor {
  const tensor = tensorOf(x)
  if (tensor.dtype === dtype) return tensor
  return currentTrace().node({ op: 'cast', inputs: [tensor], attributes: { dtype } })
}

/**
 * `x` repeated to a larger shape as NumPy does: axes align at the right, extents are equal or 1.
 *
 * @throws ShapeError where they are not
 */
export function broadcastTo(x: TensorLike, shape: Shape): Tensor {
  const tensor = tensorOf(x)
  if (sameShape(tensor.shape, shape)) return tensor
  return currentTrace().node({ op: 'broadcast', inputs: [tensor], shape })
}

/** Operands of an elementwise op, as f32 of one shape. @throws ShapeError where the shapes do not go together */
export function broadcastOperands(op: string, ...operands: readonly TensorLike[]): Tensor[] {
  const tensors: Tensor[] = []
  for (const operand of operands) tensors.push(asF32(operand))
  const [first] = tensors
  if (first && tensors.every(({ shape }) => sameShape(shape, first.shape))) return tensors
  const shape = tensors.reduce<Shape>((joint, { shape }) => {
    const both = broadcastShapes(joint, shape)
    if (!both) {
      throw shapeError(`${callText(op, tensors)}: the shapes cannot be broadcast to one`)
    }
    return both
  }, [])
  return tensors.map((tensor) => broadcastTo(tensor, shape))
}

/** The shape that both broadcast to, or undefined if there is none. */
export function broadcastShapes(a: Shape, b: Shape): Shape | undefined {
  const rank = Math.max(a.length, b.length)
  const joint: number[] = []
  for (let axis = 0; axis < rank; axis++) {
    const extentA = a[a.length - rank + axis] ?? 1
    const extentB = b[b.length - rank + axis] ?? 1
    if (extentA !== extentB && extentA !== 1 && extentB !== 1) return undefined
    joint.push(extentA === 1 ? extentB : extentA)
  }
  return joint
}

/** An axis counted from the front; -1 is the last. @throws ShapeError for an axis that is not there */
export function axisOf(op: string, tensor: Tensor, axis: number): number {
  const positive = axis < 0 ? axis + tensor.rank : axis
  if (!Number.isInteger(axis) || positive < 0 || positive >= tensor.rank) {
    throw shapeError(`${callText(op, [tensor])}: there is no axis ${axis}`)
  }
  return positive
}
