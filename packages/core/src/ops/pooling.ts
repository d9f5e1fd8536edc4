/**
 * Pooling over one to three spatial axes; values are channels last: `[examples, ...spatial, channels]`.
 */
import type { Shape } from '../program/dtype.js'
import { callText } from '../program/shape-inference.js'
import { type PoolAttributes, spatialOf, tapsInside, windowAxes } from '../program/windows.js'
import type { Tensor, TensorLike } from '../tracing/tensor.js'
import { currentTrace } from '../tracing/trace.js'
import { constant } from './constant.js'
import { conv } from './convolution.js'
import { div } from './elementwise.js'
import { asF32 } from './operands.js'
import { eachAxis, type Padding, type PerAxis, type Windows, windowsOver } from './windows.js'

export interface PoolingOptions {
  /** From one window to the next. Default: the window, so that windows lie side by side. */
  readonly strides?: PerAxis
  /** Default: 'valid'. What is outside of the input is left out: it is neither the largest nor counted. */
  readonly padding?: Padding
}

/**
 * The largest element of each window, channel by channel: `[examples, ...spatial, channels]` gives `[examples, ...out,
 * channels]`. NaN if any element is. The gradient goes to the first of equal largest elements.
 *
 * @param window its extent along all spatial axes, or along each
 * @throws ShapeError where windows do not fit
 */
export function maxPool(x: TensorLike, window: PerAxis, options: PoolingOptions = {}): Tensor {
  const input = asF32(x)
  const { taps, output, strides, before } = poolingOver('maxPool', input, window, options)
  const shape = [input.shape[0] ?? 1, ...output, input.shape.at(-1) ?? 1]
  return maxPoolOf(input, input, { window: taps, strides, before }, shape)
}

/**
 * The mean of each window, channel by channel: `[examples, ...spatial, channels]` gives `[examples, ...out, channels]`.
 *
 * @param window its extent along all spatial axes, or along each
 * @throws ShapeError where windows do not fit
 */
export function averagePool(x: TensorLike, window: PerAxis, options: PoolingOptions = {}): Tensor {
  const input = asF32(x)
  const channels = input.shape.at(-1) ?? 1
  const { taps, output, ...places } = poolingOver('averagePool', input, window, options)
  const ones = constant(1, [...taps, 1, channels])
  const sums = conv(input, ones, { ...options, strides: places.strides, groups: channels })
  const counts = windowAxes(places, spatialOf(input.shape), taps, output).reduce<number[]>(
    (sofar, axis) => {
      const inside = Array.from({ length: axis.output }, (_, o) => {
        const { first, end } = tapsInside(axis, o)
        return end - first
      })
      return sofar.flatMap((count) => inside.map((along) => count * along))
    },
    [1],
  )
  return div(sums, constant(counts, [1, ...output, 1]))
}

/** The windows of pooling, which lie side by side where no strides are given. */
function poolingOver(
  op: string,
  input: Tensor,
  window: PerAxis,
  options: PoolingOptions,
): Windows & { readonly taps: Shape } {
  const call = callText(op, [input])
  const spatial = spatialOf(input.shape)
  const taps = [...eachAxis(call, 'the window', window, spatial.length)]
  return { taps, ...windowsOver(call, spatial, taps, { ...options, strides: options.strides ?? taps }) }
}

/** Both ops of pooling, by which each is differentiated. */
export function maxPoolOf(keys: Tensor, values: Tensor, attributes: PoolAttributes, shape: Shape): Tensor {
  return currentTrace().node({ op: 'maxPool', inputs: [keys, values], attributes, shape })
}

export function maxPoolSpreadOf(keys: Tensor, g: Tensor, attributes: PoolAttributes): Tensor {
  return currentTrace().node({ op: 'maxPoolSpread', inputs: [keys, g], attributes, shape: keys.shape })
}
