/**
 * Windows that slide over the spatial axes of a value, as convolutions and pooling have them: which elements of the
 * input each of them sees.
 *
 * Along each spatial axis, tap `t` of the window that makes output `o` is at `o * stride + t * dilation - before`; one
 * that is outside of the input is left out. Values are channels last: `[examples, ...spatial, channels]`.
 */
import type { Shape } from './dtype.js'
import type { AttributesByOp } from './node.js'
import { isInteger, refuse, shapeText } from './operand-checks.js'

export type ConvolutionAttributes = AttributesByOp['conv']
export type PoolAttributes = AttributesByOp['maxPool']

/** One spatial axis. */
export interface WindowAxis {
  /** Elements of the input. */
  readonly input: number
  /** Windows, which are elements of the output. */
  readonly output: number
  /** Taps of a window. */
  readonly taps: number
  readonly stride: number
  readonly dilation: number
  readonly before: number
}

/** More than any model has, and few enough that places in a window are exact numbers of 32 bits. */
const MOST_STEPS = 2 ** 16

/** The spatial extents of `[examples, ...spatial, channels]`. */
export function spatialOf(shape: Shape): Shape {
  return shape.slice(1, -1)
}

/**
 * The spatial axes of windows over `input`. @throws ShapeError where numbers and extents do not go together
 *
 * @param window taps along each axis
 */
export function windowAxes(
  { strides, dilations, before }: Pick<ConvolutionAttributes, 'strides' | 'dilations' | 'before'>,
  input: Shape,
  window: Shape,
  output: Shape,
): WindowAxis[] {
  const rank = input.length
  if (rank < 1 || rank > 3) refuse('it takes one to three spatial axes: [examples, ...spatial, channels]')
  for (const list of [strides, dilations, before, window, output]) {
    if (list.length !== rank) refuse(`${shapeText(list)} must have a number for each of the ${rank} spatial axes`)
  }
  return input.map((extent, axis) => {
    const [stride = 0, dilation = 0, start = 0] = [strides[axis], dilations[axis], before[axis]]
    const [taps = 0, windows = 0] = [window[axis], output[axis]]
    if (!isInteger(stride, 1, MOST_STEPS) || !isInteger(dilation, 1, MOST_STEPS)) {
      refuse(`strides and dilations must be integers from 1 to ${MOST_STEPS}`)
    }
    if (!isInteger(start, 0, (taps - 1) * dilation)) {
      refuse(`a window of ${taps} cannot begin ${String(start)} before the input`)
    }
    if ((windows - 1) * stride >= start + extent) {
      refuse(`of ${windows} windows along an axis of ${extent} the last would begin behind it`)
    }
    return { input: extent, output: windows, taps, stride, dilation, before: start }
  })
}

export interface Convolution {
  readonly axes: readonly WindowAxis[]
  readonly examples: number
  readonly groups: number
  /** Channels and filters of all groups together. */
  readonly channels: number
  readonly filters: number
}

/** @throws ShapeError where the shapes and numbers of a convolution do not go together */
export function convolution(
  attributes: ConvolutionAttributes,
  input: Shape,
  filter: Shape,
  output: Shape,
): Convolution {
  const { groups = 1 } = attributes
  if (input.length !== output.length || filter.length !== input.length) {
    refuse('input, filter and output must have the same number of axes')
  }
  const axes = windowAxes(attributes, spatialOf(input), filter.slice(0, -2), spatialOf(output))
  const [examples = 0, channels = 0] = [input[0], input.at(-1)]
  const [perGroup = 0, filters = 0] = filter.slice(-2)
  if (channels !== groups * perGroup) {
    const each = groups === 1 ? '' : ` in each of ${groups} groups`
    refuse(`channels: the input has ${channels}, a filter sees ${perGroup}${each}`)
  }
  if (filters % groups !== 0) refuse(`${filters} filters do not divide into ${groups} groups`)
  if (output[0] !== examples || output.at(-1) !== filters) {
    refuse(`the output must be [${examples}, …, ${filters}], not ${shapeText(output)}`)
  }
  return { axes, examples, groups, channels, filters }
}

/**
 * The spatial axes of pooling: each window begins and ends within reach of the input, so each sees an element of it.
 * @throws ShapeError where the shapes and numbers do not go together
 */
export function poolAxes({ window, strides, before }: PoolAttributes, input: Shape, output: Shape): WindowAxis[] {
  if (input.length !== output.length) refuse('input and output must have the same number of axes')
  const dilations = strides.map(() => 1)
  const axes = windowAxes({ strides, dilations, before }, spatialOf(input), window, spatialOf(output))
  if (output[0] !== input[0] || output.at(-1) !== input.at(-1)) {
    refuse('input and output must have the same examples and channels')
  }
  return axes
}

/** The taps of window `output` that are inside: those from `first` to before `end`. */
export function tapsInside(axis: WindowAxis, output: number): { readonly first: number; readonly end: number } {
  const start = output * axis.stride - axis.before
  const first = Math.max(0, Math.ceil(-start / axis.dilation))
  const end = Math.min(axis.taps, Math.floor((axis.input - 1 - start) / axis.dilation) + 1)
  return { first, end: Math.max(first, end) }
}
