/**
 * Ops that take elements along axes in another order, or several times: borders, turned axes, other sizes. They are
 * made of `gather` by constant numbers, so that their gradients add up in a fixed order.
 */
import type { Shape } from '../program/dtype.js'
import { callText } from '../program/shape-inference.js'
import type { Tensor, TensorLike } from '../tracing/tensor.js'
import { shapeError } from '../tracing/trace.js'
import { constant } from './constant.js'
import { add, mul, select, sub } from './elementwise.js'
import { padWithZeros } from './layout.js'
import { asF32, axisOf, cast, tensorOf } from './operands.js'
import { gather } from './rows.js'

export interface PadOptions {
  /**
   * What is around `x`: one value; `x` mirrored at its first and last elements, which are not repeated (NumPy's
   * `reflect`); or these elements (`edge`). Default: 'constant'.
   */
  readonly mode?: 'constant' | 'reflect' | 'edge'
  /** Of the mode `constant`. Default: 0. */
  readonly value?: number
}

/**
 * `x` set into a larger shape, of any dtype; in zeros, unless the options say otherwise.
 *
 * @param before where `x` begins in the result, one for each axis
 * @param shape of the result
 * @throws ShapeError where `x` does not lie within it
 */
export function pad(
  x: TensorLike,
  before: Shape,
  shape: Shape,
  { mode = 'constant', value = 0 }: PadOptions = {},
): Tensor {
  const tensor = tensorOf(x)
  // Refuses what does not lie within.
  const padded = padWithZeros(tensor, before, shape)
  if (mode === 'constant') {
    if (value === 0) return padded
    const isInside = padWithZeros(constant(1, tensor.shape), before, shape)
    return cast(select(isInside, padded, value), tensor.dtype)
  }
  return shape.reduce((sofar, extent, axis) => {
    const numElements = tensor.shape[axis] ?? 1
    const sources = Array.from({ length: extent }, (_, i) => {
      const place = i - (before[axis] ?? 0)
      return mode === 'edge' ? within(place, numElements) : mirrored(place, numElements)
    })
    return take(sofar, axis, sources)
  }, tensor)
}

/**
 * The elements along axes in the opposite order, of any dtype. Default: along all axes. @throws ShapeError for a wrong
 * axis
 */
export function flip(x: TensorLike, axes?: number | Shape): Tensor {
  const tensor = tensorOf(x)
  const given = typeof axes === 'number' ? [axes] : (axes ?? tensor.shape.map((_, axis) => axis))
  const turned = given.map((axis) => axisOf('flip', tensor, axis))
  if (new Set(turned).size < turned.length) {
    throw shapeError(`${callText('flip', [tensor])}: [${given.join(', ')}] names one axis twice`)
  }
  return turned.reduce((sofar, axis) => {
    const extent = tensor.shape[axis] ?? 1
    return take(
      sofar,
      axis,
      Array.from({ length: extent }, (_, i) => extent - 1 - i),
    )
  }, tensor)
}

export interface ResizeOptions {
  /** The nearest element, or the two nearest along each axis by their distances. Default: 'nearest'. */
  readonly mode?: 'nearest' | 'bilinear'
}

/**
 * Images, or what else has spatial axes, in another size: `[examples, ...spatial, channels]` to `[examples, ...sizes,
 * channels]`.
 *
 * Elements are seen as areas, whose centres are at (i + 1/2) / extent, as in JAX and TensorFlow and PyTorch's
 * `nearest-exact` and `align_corners=False`; nothing is smoothed before an image is made smaller.
 *
 * @throws ShapeError where there is not one size for each spatial axis
 */
export function resize(x: TensorLike, sizes: Shape, { mode = 'nearest' }: ResizeOptions = {}): Tensor {
  const tensor = tensorOf(x)
  if (
    tensor.rank < 3 ||
    sizes.length !== tensor.rank - 2 ||
    !sizes.every((size) => Number.isInteger(size) && size > 0)
  ) {
    throw shapeError(
      `${callText('resize', [tensor])}: [${sizes.join(', ')}] must be one size, from 1, for each spatial axis of ` +
        '[examples, ...spatial, channels]',
    )
  }
  const input = mode === 'nearest' ? tensor : asF32(tensor)
  return sizes.reduce((sofar, size, i) => {
    const axis = i + 1
    const extent = tensor.shape[axis] ?? 1
    if (size === extent) return sofar
    const centres = Array.from({ length: size }, (_, place) => ((place + 0.5) * extent) / size)
    if (mode === 'nearest') return take(sofar, axis, centres.map(Math.floor))
    const low = centres.map((centre) => Math.floor(centre - 0.5))
    const shape = sofar.shape.map((_, each) => (each === axis ? size : 1))
    const weights = constant(
      centres.map((centre, place) => centre - 0.5 - (low[place] ?? 0)),
      shape,
    )
    const below = take(
      sofar,
      axis,
      low.map((place) => within(place, extent)),
    )
    const above = take(
      sofar,
      axis,
      low.map((place) => within(place + 1, extent)),
    )
    return add(mul(below, sub(1, weights)), mul(above, weights))
  }, input)
}

/** The elements along an axis at these places. */
function take(x: Tensor, axis: number, places: readonly number[]): Tensor {
  if (places.length === x.shape[axis] && places.every((place, i) => place === i)) return x
  return gather(x, constant(Int32Array.from(places)), { axis })
}

function within(place: number, extent: number): number {
  return Math.min(Math.max(place, 0), extent - 1)
}

/** A place beyond the ends, as often as need be turned back there. */
function mirrored(place: number, extent: number): number {
  const period = Math.max(1, 2 * (extent - 1))
  const turned = ((place % period) + period) % period
  return Math.min(turned, period - turned) % extent
}
