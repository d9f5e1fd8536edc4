/**
 * Convolution over one to three spatial axes; values are channels last: `[examples, ...spatial, channels]`.
 *
 * It is a cross-correlation, as in all libraries of the field: the filter is not flipped.
 */
import { callText } from '../program/shape-inference.js'
import type { Shape } from '../program/dtype.js'
import { spatialOf } from '../program/windows.js'
import type { Tensor, TensorLike } from '../tracing/tensor.js'
import { currentTrace, shapeError } from '../tracing/trace.js'
import { asF32 } from './operands.js'
import { checkAxes, eachAxis, type Padding, type PerAxis, widthsOf, windowsOver, zerosAround } from './windows.js'

export interface ConvolutionOptions {
  /** From one window to the next, along all spatial axes or each. Default: 1. */
  readonly strides?: PerAxis
  /** From one tap of a window to the next. Default: 1. */
  readonly dilations?: PerAxis
  /** Default: 'valid'. */
  readonly padding?: Padding
  /** Filters of a group see the channels of that group only. Default: 1. */
  readonly groups?: number
}

/**
 * The convolution of x `[examples, ...spatial, channels]` with a filter `[...taps, channels / groups, filters]`, giving
 * `[examples, ...out, filters]`. u8 operands, such as pixels, are cast to f32.
 *
 * @throws ShapeError where shapes, strides, padding or groups do not go together
 */
export function conv(x: TensorLike, filter: TensorLike, options: ConvolutionOptions = {}): Tensor {
  const [input, taps] = [asF32(x), asF32(filter)]
  const { groups = 1 } = options
  const call = callText('conv', [input, taps])
  const { output, ...windows } = windowsOver(call, spatialOf(input.shape), taps.shape.slice(0, -2), options)
  return currentTrace().node({
    op: 'conv',
    inputs: [input, taps],
    attributes: { ...windows, ...(groups !== 1 && { groups }) },
    shape: [input.shape[0] ?? 1, ...output, taps.shape.at(-1) ?? 1],
  })
}

export interface TransposedConvolutionOptions extends ConvolutionOptions {
  /**
   * The spatial extents of the result. Default: with padding 'same' the operand's times the strides, else the least
   * that all windows fit in.
   */
  readonly outputs?: PerAxis
}

/**
 * The transposed convolution: of x `[examples, ...spatial, filters]` with the filter of the convolution that it
 * transposes, `[...taps, channels / groups, filters]`, giving `[examples, ...out, channels]`. It is the gradient of
 * `conv` by its operand (Dumoulin and Visin, A guide to convolution arithmetic for deep learning, 2016, chapter 4).
 *
 * @throws ShapeError where shapes, strides, padding or groups do not go together
 */
export function convTranspose(x: TensorLike, filter: TensorLike, options: TransposedConvolutionOptions = {}): Tensor {
  const [input, taps] = [asF32(x), asF32(filter)]
  const { groups = 1, padding = 'valid' } = options
  const [spatial, window] = [spatialOf(input.shape), taps.shape.slice(0, -2)]
  const call = callText('convTranspose', [input, taps])
  checkAxes(call, spatial, window)
  const strides = eachAxis(call, 'strides', options.strides ?? 1, spatial.length)
  const widths = widthsOf(window, eachAxis(call, 'dilations', options.dilations ?? 1, spatial.length))
  const zeros = padding === 'same' ? undefined : zerosAround(call, padding, widths)
  const least = spatial.map((extent, axis) => {
    const [stride = 1, width = 1] = [strides[axis], widths[axis]]
    if (!zeros) return extent * stride
    const [before, after] = zeros[axis] ?? [0, 0]
    return (extent - 1) * stride + width - before - after
  })
  const outputs = eachAxis(call, 'outputs', options.outputs ?? least, spatial.length)
  const { output, ...windows } = windowsOver(call, outputs, window, options)
  if (output.some((extent, axis) => extent !== spatial[axis])) {
    throw shapeError(
      `${call}: a convolution of [${outputs.join(', ')}] gives [${output.join(', ')}], not [${spatial.join(', ')}]`,
    )
  }
  return currentTrace().node({
    op: 'convTranspose',
    inputs: [input, taps],
    attributes: { ...windows, ...(groups !== 1 && { groups }) },
    shape: [input.shape[0] ?? 1, ...outputs, groups * (taps.shape.at(-2) ?? 1)],
  })
}

/** What the three ops of a convolution share. */
interface Attributes {
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  readonly before: readonly number[]
  readonly groups?: number
}

/** The other two ops of a convolution, by which each of the three is differentiated. */
export function convOf(x: Tensor, filter: Tensor, attributes: Attributes, shape: Shape): Tensor {
  return currentTrace().node({ op: 'conv', inputs: [x, filter], attributes: own(attributes), shape })
}

export function convTransposeOf(g: Tensor, filter: Tensor, attributes: Attributes, shape: Shape): Tensor {
  return currentTrace().node({ op: 'convTranspose', inputs: [g, filter], attributes: own(attributes), shape })
}

export function convFilterOf(x: Tensor, g: Tensor, attributes: Attributes, shape: Shape): Tensor {
  return currentTrace().node({ op: 'convFilter', inputs: [x, g], attributes: own(attributes), shape })
}

/** Without those that only one of the three has. */
function own({ strides, dilations, before, groups }: Attributes): Attributes {
  return { strides, dilations, before, ...(groups !== undefined && { groups }) }
}
