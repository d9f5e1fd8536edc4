/**
 * Windows that slide over the spatial axes, as options of ops say them: strides, dilations, padding.
 */
import type { Shape } from '../program/dtype.js'
import { shapeError } from '../tracing/trace.js'

/** One number for all spatial axes, or one for each. */
export type PerAxis = number | readonly number[]

/**
 * Zeros around the input. 'valid': none, so windows lie within the input. 'same': as many as make `ceil(input /
 * stride)` windows, half of them before, and the odd one behind, as in TensorFlow and Keras. Or the number along all
 * spatial axes, on either side; or for each axis its number, or the numbers before and behind.
 */
export type Padding = 'same' | 'valid' | number | readonly (number | readonly [before: number, after: number])[]

/**
 * The numbers of an option for all spatial axes.
 *
 * @param call the op and its operands, with which errors begin
 * @throws ShapeError unless they are positive integers, one for each axis
 */
export function eachAxis(call: string, name: string, given: PerAxis, rank: number): readonly number[] {
  const numbers = typeof given === 'number' ? Array.from({ length: rank }, () => given) : given
  if (numbers.length !== rank || !numbers.every((number) => Number.isInteger(number) && number >= 1)) {
    throw shapeError(`${call}: ${name} must be a positive integer, or one for each of the ${rank} spatial axes`)
  }
  return numbers
}

/**
 * The zeros before and behind each axis, along which a window spans `widths` elements.
 *
 * @throws ShapeError for more than a window reaches
 */
export function zerosAround(
  call: string,
  padding: Exclude<Padding, 'same'>,
  widths: readonly number[],
): (readonly [before: number, after: number])[] {
  if (typeof padding === 'object' && padding.length !== widths.length) {
    throw shapeError(`${call}: padding must have an entry for each of the ${widths.length} spatial axes`)
  }
  return widths.map((width, axis) => {
    const around = typeof padding === 'object' ? (padding[axis] ?? 0) : padding === 'valid' ? 0 : padding
    const [before, after] = typeof around === 'object' ? around : [around, around]
    if (![before, after].every((count) => Number.isInteger(count) && count >= 0 && count < width)) {
      throw shapeError(
        `${call}: padding must be 'same', 'valid', or integers from 0 to below the ${width} elements that a window spans`,
      )
    }
    return [before, after]
  })
}

/** @throws ShapeError unless there are one to three spatial axes, and windows over as many */
export function checkAxes(call: string, spatial: Shape, taps: Shape): void {
  const rank = spatial.length
  if (rank < 1 || rank > 3) {
    throw shapeError(`${call}: it takes one to three spatial axes: [examples, ...spatial, channels]`)
  }
  if (taps.length !== rank) {
    throw shapeError(`${call}: a window over [${taps.join(', ')}] does not go over ${rank} spatial axes`)
  }
}

/** The elements that windows span along each axis. */
export function widthsOf(taps: Shape, dilations: readonly number[]): number[] {
  return taps.map((extent, axis) => (extent - 1) * (dilations[axis] ?? 1) + 1)
}

/** Where windows are: what nodes have as attributes, and how many windows there are along each axis. */
export interface Windows {
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  readonly before: readonly number[]
  readonly output: Shape
}

/**
 * The windows of `taps` over the spatial extents of an input.
 *
 * @param call the op and its operands, with which errors begin
 * @throws ShapeError where a window does not fit
 */
export function windowsOver(
  call: string,
  spatial: Shape,
  taps: Shape,
  options: { readonly strides?: PerAxis; readonly dilations?: PerAxis; readonly padding?: Padding },
): Windows {
  checkAxes(call, spatial, taps)
  const strides = eachAxis(call, 'strides', options.strides ?? 1, spatial.length)
  const dilations = eachAxis(call, 'dilations', options.dilations ?? 1, spatial.length)
  const { padding = 'valid' } = options
  const widths = widthsOf(taps, dilations)
  const zeros = padding === 'same' ? undefined : zerosAround(call, padding, widths)
  const places = spatial.map((extent, axis) => {
    const [stride = 1, width = 1] = [strides[axis], widths[axis]]
    if (!zeros) {
      const output = Math.ceil(extent / stride)
      return { before: Math.floor(Math.max(0, (output - 1) * stride + width - extent) / 2), output }
    }
    const [before, after] = zeros[axis] ?? [0, 0]
    const padded = before + extent + after
    if (padded < width) {
      throw shapeError(`${call}: a window that spans ${width} does not fit into ${padded} elements`)
    }
    return { before, output: Math.floor((padded - width) / stride) + 1 }
  })
  return {
    strides: [...strides],
    dilations: [...dilations],
    before: places.map(({ before }) => before),
    output: places.map(({ output }) => output),
  }
}
