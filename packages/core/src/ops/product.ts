/**
 * The matrix product.
 */
import { sameShape, type Shape } from '../program/dtype.js'
import { callText } from '../program/shape-inference.js'
import type { Tensor, TensorLike } from '../tracing/tensor.js'
import { currentTrace, shapeError } from '../tracing/trace.js'
import { reshape } from './layout.js'
import { asF32, broadcastShapes, broadcastTo } from './operands.js'

export interface MatmulOptions {
  /** Take `a`, given as [k, m], as its transpose. Default: false. */
  readonly transposeA?: boolean
  /** Take `b`, given as [n, k], as its transpose. Default: false. */
  readonly transposeB?: boolean
}

/**
 * a [m, k] times b [k, n], giving f32 [m, n]; or, with axes before these, such a product for each: a [..., m, k] times
 * b [..., k, n] gives [..., m, n]. The axes before broadcast as in NumPy, so that b may be one matrix for all. u8
 * operands, such as pixels, are cast to f32.
 *
 * @throws ShapeError where an operand is no matrix or stack of matrices, or the extents do not go together
 */
export function matmul(
  a: TensorLike,
  b: TensorLike,
  { transposeA = false, transposeB = false }: MatmulOptions = {},
): Tensor {
  const [left, right] = [asF32(a), asF32(b)]
  const product = (one: Tensor, other: Tensor) =>
    currentTrace().node({
      op: 'matmul',
      inputs: [one, other],
      attributes: { ...(transposeA && { transposeA }), ...(transposeB && { transposeB }) },
    })
  const [beforeLeft, beforeRight] = [left.shape.slice(0, -2), right.shape.slice(0, -2)]
  if (left.rank < 2 || right.rank < 2 || sameShape(beforeLeft, beforeRight)) return product(left, right)
  if (right.rank === 2 && !transposeA) {
    // One product of all rows.
    const rows = product(reshape(left, [-1, left.shape.at(-1) ?? 1]), right)
    return reshape(rows, [...left.shape.slice(0, -1), rows.shape.at(-1) ?? 1])
  }
  const before = broadcastShapes(beforeLeft, beforeRight)
  if (!before)
    throw shapeError(`${callText('matmul', [left, right])}: the axes before the matrices cannot be broadcast`)
  const spread = (tensor: Tensor, shape: Shape) => broadcastTo(tensor, [...shape, ...tensor.shape.slice(-2)])
  return product(spread(left, before), spread(right, before))
}
