/**
 * Ops that move elements and compute nothing. They take every dtype and keep it.
 */
import { type Shape, sizeOf } from '../program/dtype.js'
import { callText } from '../program/shape-inference.js'
import type { Tensor, TensorLike } from '../tracing/tensor.js'
import { currentTrace, shapeError } from '../tracing/trace.js'
import { axisOf, tensorOf } from './operands.js'

/**
 * The same elements in another shape.
 *
 * @param shape one extent may be -1: the one that makes the number of elements right
 * @throws ShapeError where the numbers of elements differ
 */
export function reshape(x: TensorLike, shape: Shape): Tensor {
  const tensor = tensorOf(x)
  const target = `[${shape.join(', ')}]`
  const known = shape.filter((extent) => extent !== -1)
  if (shape.length - known.length > 1) {
    throw shapeError(`${callText('reshape', [tensor])}: ${target} has more than one -1`)
  }
  const rest = tensor.size / sizeOf(known)
  if (!Number.isInteger(rest)) {
    throw shapeError(`${callText('reshape', [tensor])}: the elements do not fill ${target}`)
  }
  return currentTrace().node({
    op: 'reshape',
    inputs: [tensor],
    shape: shape.map((extent) => (extent === -1 ? rest : extent)),
  })
}

/**
 * Axes in another order: axis `i` of the result is axis `permutation[i]` of `x`.
 *
 * @param permutation default: all axes reversed
 * @throws ShapeError where it is no permutation of the axes
 */
export function transpose(x: TensorLike, permutation?: Shape): Tensor {
  const tensor = tensorOf(x)
  const axes = permutation
    ? permutation.map((axis) => axisOf('transpose', tensor, axis))
    : tensor.shape.map((_, axis) => tensor.rank - 1 - axis)
  return currentTrace().node({
    op: 'transpose',
    inputs: [tensor],
    attributes: { permutation: axes },
  })
}

/**
 * A block of `x`.
 *
 * @param starts where the block begins, one for each axis
 * @param sizes the shape of the block; -1 is "to the end"
 * @throws ShapeError where the block does not lie within `x`
 */
export function slice(x: TensorLike, starts: Shape, sizes: Shape): Tensor {
  const tensor = tensorOf(x)
  const shape = sizes.map((size, axis) => (size === -1 ? (tensor.shape[axis] ?? 0) - (starts[axis] ?? 0) : size))
  if (shape.some((extent) => extent < 1) || starts.length !== shape.length) {
    const block = `[${sizes.join(', ')}] at [${starts.join(', ')}]`
    throw shapeError(`${callText('slice', [tensor])}: there is no block of shape ${block}`)
  }
  return currentTrace().node({
    op: 'slice',
    inputs: [tensor],
    attributes: { starts: [...starts] },
    shape,
  })
}

/**
 * `x` set into zeros.
 *
 * @param before where `x` begins in the result, one for each axis
 * @param shape of the result
 * @throws ShapeError where `x` does not lie within it
 */
export function padWithZeros(x: TensorLike, before: Shape, shape: Shape): Tensor {
  return currentTrace().node({
    op: 'pad',
    inputs: [tensorOf(x)],
    attributes: { before: [...before] },
    shape,
  })
}

/**
 * Tensors one after another along an axis.
 *
 * @param xs alike in dtype and in all extents but that of the axis
 * @throws ShapeError where they are not, or where there is none
 */
export function concat(xs: readonly TensorLike[], axis: number): Tensor {
  const tensors = xs.map(tensorOf)
  const [first] = tensors
  if (!first) throw shapeError('concat: takes at least one tensor')
  const positive = axisOf('concat', first, axis)
  return currentTrace().node({ op: 'concat', inputs: tensors, attributes: { axis: positive } })
}

/** The axis `from` at the place `to` of the others, which keep their order; both count from the front. */
export function moveAxis(x: TensorLike, from: number, to: number): Tensor {
  const tensor = tensorOf(x)
  const others = tensor.shape.map((_, axis) => axis).filter((axis) => axis !== from)
  return transpose(tensor, others.toSpliced(to, 0, from))
}
