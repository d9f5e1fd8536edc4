/**
 * The matrix product.
 */
import type { Tensor, TensorLike } from '../tracing/tensor.js'
import { currentTrace } from '../tracing/trace.js'
import { asF32 } from './operands.js'

export interface MatmulOptions {
  /** Take `a`, given as [k, m], as its transpose. Default: false. */
  readonly transposeA?: boolean
  /** Take `b`, given as [n, k], as its transpose. Default: false. */
  readonly transposeB?: boolean
}

/**
 * a [m, k] times b [k, n], giving f32 [m, n]; or each matrix of a [p, m, k] times that of b [p, k, n], giving [p, m,
 * n]. u8 operands, such as pixels, are cast to f32.
 *
 * @throws ShapeError where an operand is no matrix or stack of matrices, or the extents do not go together
 */
export function matmul(
  a: TensorLike,
  b: TensorLike,
  { transposeA = false, transposeB = false }: MatmulOptions = {},
): Tensor {
  return currentTrace().node({
    op: 'matmul',
    inputs: [asF32(a), asF32(b)],
    attributes: { ...(transposeA && { transposeA }), ...(transposeB && { transposeB }) },
  })
}
