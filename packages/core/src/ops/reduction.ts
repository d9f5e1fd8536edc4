/**
 * Ops along axes: sums, means, maxima, and what is normalised along the last axis.
 *
 * Operands of any dtype are cast to f32. Axes may be negative (-1 is the last) and in any order; all of them if not
 * given.
 */
import type { Shape } from '../program/dtype.js'
import { callText } from '../program/shape-inference.js'
import type { Tensor, TensorLike } from '../tracing/tensor.js'
import { currentTrace, shapeError } from '../tracing/trace.js'
import { abs, add, div, exp, lessEqual, log, select, stopGradient, sub } from './elementwise.js'
import { reshape } from './layout.js'
import { asF32, axisOf } from './operands.js'

/** The largest finite f32. */
const LARGEST = (2 - 2 ** -23) * 2 ** 127

export interface ReductionOptions {
  /** Leave the axes in place with extent 1, so that the result broadcasts against the operand. Default: false. */
  readonly keepDims?: boolean
}

/** The sum along axes; in an engine, in the order that its documentation fixes. @throws ShapeError for a wrong axis */
export function sum(x: TensorLike, axes?: number | Shape, options?: ReductionOptions): Tensor {
  return reduce('sum', 'sum', asF32(x), axes, options)
}

/** The arithmetic mean along axes. @throws ShapeError for a wrong axis */
export function mean(x: TensorLike, axes?: number | Shape, options?: ReductionOptions): Tensor {
  const tensor = asF32(x)
  const total = reduce('mean', 'sum', tensor, axes, options)
  return total === tensor ? tensor : div(total, tensor.size / total.size)
}

/**
 * The largest along axes; NaN if any is. Equal largest elements share the gradient evenly. @throws ShapeError for a
 * wrong axis
 */
export function max(x: TensorLike, axes?: number | Shape, options?: ReductionOptions): Tensor {
  return reduce('max', 'reduceMax', asF32(x), axes, options)
}

/**
 * The index of the largest element along the last axis, i32; of equals the first, and the first NaN before all others.
 */
export const argMax = alongLastAxis('argMax')

/** e^x normalised to sum to 1 along the last axis; does not overflow. */
export const softmax = alongLastAxis('softmax')

/** The logarithm of softmax along the last axis; neither overflows nor takes the logarithm of 0. */
export const logSoftmax = alongLastAxis('logSoftmax')

/**
 * log(sum of e^x) along axes; does not overflow. The gradient is softmax. @throws ShapeError for a wrong axis
 */
export function logSumExp(x: TensorLike, axes?: number | Shape, options: ReductionOptions = {}): Tensor {
  const tensor = asF32(x)
  const largest = stopGradient(reduce('logSumExp', 'reduceMax', tensor, axes, { keepDims: true }))
  // An infinite one is not subtracted from itself.
  const shift = select(lessEqual(abs(largest), LARGEST), largest, 0)
  const total = add(log(reduce('logSumExp', 'sum', exp(sub(tensor, shift)), axes, { keepDims: true })), shift)
  return options.keepDims ? total : reshape(total, reduce('logSumExp', 'sum', tensor, axes).shape)
}

function alongLastAxis(op: 'argMax' | 'softmax' | 'logSoftmax') {
  return (x: TensorLike): Tensor => currentTrace().node({ op, inputs: [asF32(x)] })
}

/** @param name what the user calls it, for errors */
function reduce(
  name: string,
  op: 'sum' | 'reduceMax',
  tensor: Tensor,
  axes: number | Shape | undefined,
  { keepDims = false }: ReductionOptions = {},
): Tensor {
  const given = typeof axes === 'number' ? [axes] : (axes ?? tensor.shape.map((_, axis) => axis))
  const ascending = given.map((axis) => axisOf(name, tensor, axis)).sort((a, b) => a - b)
  if (new Set(ascending).size < ascending.length) {
    throw shapeError(`${callText(name, [tensor])}: [${given.join(', ')}] names one axis twice`)
  }
  if (ascending.length === 0) return tensor
  const reduced = currentTrace().node({ op, inputs: [tensor], attributes: { axes: ascending } })
  if (!keepDims) return reduced
  return reshape(
    reduced,
    tensor.shape.map((extent, axis) => (ascending.includes(axis) ? 1 : extent)),
  )
}
