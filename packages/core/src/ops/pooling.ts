/**
 * Pooling over one to three spatial axes; values are channels last: `[examples, ...spatial, channels]`.
 */
import { type Shape, sizeOf } from '../program/dtype.js'
import type { PoolAttributes } from '../program/windows.js'
import { tapsInside, windowAxes } from '../program/windows.js'
import type { Tensor, TensorLike } from '../tracing/tensor.js'
import { currentTrace, shapeError } from '../tracing/trace.js'
import { constant } from './constant.js'
import { conv } from './convolution.js'
import { div } from './elementwise.js'
import { asF32 } from './operands.js'
import { type Padding, type PerAxis, windowsOver } from './windows.js'

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
  const spatial = input.shape.slice(1, -1)
  const taps = windowOf(input, window)
  const { strides = taps } = options
  const { output, dilations: _, ...places } = windowsOver('maxPool', [input], spatial, taps, { ...options, strides })
  return maxPoolOf(input, input, { ...places, window: taps }, [input.shape[0] ?? 1, ...output, input.shape.at(-1) ?? 1])
}

/**
 * The mean of each window, channel by channel: `[examples, ...spatial, channels]` gives `[examples, ...out, channels]`.
 *
 * @param window its extent along all spatial axes, or along each
 * @throws ShapeError where windows do not fit
 */
export function averagePool(x: TensorLike, window: PerAxis, options: PoolingOptions = {}): Tensor {
  const input = asF32(x)
  const spatial = input.shape.slice(1, -1)
  const channels = input.shape.at(-1) ?? 1
  const taps = windowOf(input, window)
  const { strides = taps } = options
  const { output, ...places } = windowsOver('averagePool', [input], spatial, taps, { ...options, strides })
  const axes = windowAxes(places, spatial, taps, output)
  const sums = conv(input, constant(1, [...taps, 1, channels]), { ...options, strides, groups: channels })
  const counts = axes.reduce<number[]>(
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

function windowOf(input: Tensor, window: PerAxis): Shape {
  const rank = Math.max(input.rank - 2, 0)
  const taps = typeof window === 'number' ? Array.from({ length: rank }, () => window) : window
  if (!taps.every((extent) => Number.isInteger(extent) && extent >= 1) || !Number.isSafeInteger(sizeOf(taps))) {
    throw shapeError(`a window has positive integers, not [${taps.join(', ')}]`)
  }
  return [...taps]
}

/** Both ops of pooling, by which each is differentiated. */
export function maxPoolOf(keys: Tensor, values: Tensor, attributes: PoolAttributes, shape: Shape): Tensor {
  return currentTrace().node({ op: 'maxPool', inputs: [keys, values], attributes, shape })
}

export function maxPoolSpreadOf(keys: Tensor, g: Tensor, attributes: PoolAttributes): Tensor {
  return currentTrace().node({ op: 'maxPoolSpread', inputs: [keys, g], attributes, shape: keys.shape })
}
