/**
 * Windows that slide over the spatial axes, as options of ops say them: strides, dilations, padding.
 */
import { ShapeError } from '../errors.js'
import type { Shape } from '../program/dtype.js'
import { callText } from '../program/shape-inference.js'
import type { Tensor } from '../tracing/tensor.js'
import { shapeError } from '../tracing/trace.js'

/** One number for all spatial axes, or one for each. */
export type PerAxis = number | readonly number[]

/**
 * Zeros around the input. 'valid': none, so windows lie within the input. 'same': as many as make `ceil(input /
 * stride)` windows, half of them before, and the odd one behind, as in TensorFlow and Keras. Or the number along all
 * spatial axes, on either side; or for each axis its number, or the numbers before and behind.
 */
export type Padding = 'same' | 'valid' | number | readonly (number | readonly [before: number, after: number])[]

/** A list with an entry for each spatial axis. @throws ShapeError where it has another number of them */
export function eachAxis<Item>(given: Item | readonly Item[], rank: number): readonly Item[] {
  if (!isList(given)) return Array.from({ length: rank }, () => given)
  if (given.length !== rank) throw new ShapeError(`there must be ${rank} numbers, one for each spatial axis`)
  return given
}

function isList<Item>(given: Item | readonly Item[]): given is readonly Item[] {
  return Array.isArray(given)
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
 * @throws ShapeError that begins with the op and its operands, where a window does not fit
 */
export function windowsOver(
  op: string,
  operands: readonly Tensor[],
  spatial: Shape,
  taps: Shape,
  options: { readonly strides?: PerAxis; readonly dilations?: PerAxis; readonly padding?: Padding },
): Windows {
  const rank = spatial.length
  const fail = (complaint: string): never => {
    throw shapeError(`${callText(op, operands)}: ${complaint}`)
  }
  if (rank < 1 || rank > 3) fail('it takes one to three spatial axes: [examples, ...spatial, channels]')
  if (taps.length !== rank) fail(`windows of ${taps.length} axes do not go over ${rank} spatial axes`)
  const list = (name: string, given: PerAxis): readonly number[] => {
    const numbers = typeof given === 'number' ? eachAxis(given, rank) : given
    if (numbers.length !== rank || !numbers.every((number) => Number.isInteger(number) && number >= 1)) {
      fail(`${name} must be a positive integer, or one for each of the ${rank} spatial axes`)
    }
    return numbers
  }
  const strides = list('strides', options.strides ?? 1)
  const dilations = list('dilations', options.dilations ?? 1)
  const { padding = 'valid' } = options
  const places = spatial.map((extent, axis) => {
    const [stride = 1, dilation = 1] = [strides[axis], dilations[axis]]
    const width = ((taps[axis] ?? 1) - 1) * dilation + 1
    if (padding === 'same') {
      const output = Math.ceil(extent / stride)
      return { before: Math.floor(Math.max(0, (output - 1) * stride + width - extent) / 2), output }
    }
    const around = typeof padding === 'object' ? padding[axis] : padding === 'valid' ? 0 : padding
    const [before, after] = typeof around === 'object' ? around : [around ?? -1, around ?? -1]
    if (![before, after].every((count) => Number.isInteger(count) && count >= 0 && count < width)) {
      fail(`padding must be 'same', 'valid', or integers from 0 to below the ${width} elements that a window spans`)
    }
    const room = before + extent + after - width
    if (room < 0) fail(`a window that spans ${width} does not fit into ${before + extent + after} elements`)
    return { before, output: Math.floor(room / stride) + 1 }
  })
  return {
    strides: [...strides],
    dilations: [...dilations],
    before: places.map(({ before }) => before),
    output: places.map(({ output }) => output),
  }
}
