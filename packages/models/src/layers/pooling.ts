/** Pooling, and what brings `[batch, ...spatial, channels]` to `[batch, features]`. */
import { averagePool, max, maxPool, mean, type PoolingOptions, reshape, type Tensor, UserError } from '@gradpool/core'
import { checkRank } from './spatial.js'

type Window1d = number | readonly [length: number]
type Window2d = number | readonly [height: number, width: number]

/**
 * The largest element of each window, channel by channel: `[batch, length, channels]` to `[batch, length, channels]`.
 * Windows lie side by side unless `strides` says otherwise; what `padding` adds is never the largest.
 */
export function maxPool1d(x: Tensor, window: Window1d, options?: PoolingOptions): Tensor {
  checkRank('maxPool1d', x, 1)
  return maxPool(x, window, options)
}

/** As `maxPool1d`, over `[batch, height, width, channels]`. */
export function maxPool2d(x: Tensor, window: Window2d, options?: PoolingOptions): Tensor {
  checkRank('maxPool2d', x, 2)
  return maxPool(x, window, options)
}

/**
 * The mean of each window, channel by channel: `[batch, length, channels]` to `[batch, length, channels]`. Windows lie
 * side by side unless `strides` says otherwise; what `padding` adds does not count.
 */
export function averagePool1d(x: Tensor, window: Window1d, options?: PoolingOptions): Tensor {
  checkRank('averagePool1d', x, 1)
  return averagePool(x, window, options)
}

/** As `averagePool1d`, over `[batch, height, width, channels]`. */
export function averagePool2d(x: Tensor, window: Window2d, options?: PoolingOptions): Tensor {
  checkRank('averagePool2d', x, 2)
  return averagePool(x, window, options)
}

/** The mean of each channel: `[batch, ...spatial, channels]` to `[batch, channels]`. */
export function globalAveragePool(x: Tensor): Tensor {
  return mean(x, spatialAxes('globalAveragePool', x))
}

/**
 * The largest element of each channel: `[batch, ...spatial, channels]` to `[batch, channels]`. Equal largest elements
 * share the gradient evenly.
 */
export function globalMaxPool(x: Tensor): Tensor {
  return max(x, spatialAxes('globalMaxPool', x))
}

/** `[batch, ...]` to `[batch, features]`, in row-major order. */
export function flatten(x: Tensor): Tensor {
  const [batch] = x.shape
  if (batch === undefined) throw new UserError('flatten: x must be [batch, ...], not one number')
  return reshape(x, [batch, -1])
}

function spatialAxes(name: string, x: Tensor): number[] {
  if (x.rank < 3) throw new UserError(`${name}: x must be [batch, ...spatial, channels], not ${x.toString()}`)
  return Array.from({ length: x.rank - 2 }, (_, axis) => axis + 1)
}
