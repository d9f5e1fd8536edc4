/** Dropout. Source: Srivastava et al. (2014), in its inverted form. */
import {
  div,
  greaterEqual,
  module,
  type Module,
  mul,
  randomUniform,
  type Shape,
  type Tensor,
  UserError,
} from '@gradpool/core'
import type { Layer } from './activation.js'

/**
 * In training, each element becomes 0 with probability `rate`, and the others grow by 1 / (1 - rate); otherwise, and in
 * a frozen part, the identity. [...] to [...].
 *
 * @param rate at least 0 and below 1
 * @throws UserError for a rate out of range
 */
export function dropout(rate: number): Module<Layer> {
  return dropping('dropout', rate, ({ shape }) => shape)
}

/**
 * As `dropout`, for all positions of a channel of an example together: [batch, ...spatial, channels] to the same.
 * Source: Tompson et al. (2015).
 */
export function spatialDropout(rate: number): Module<Layer> {
  return dropping('spatialDropout', rate, ({ shape }) =>
    shape.map((extent, axis) => (axis === 0 || axis === shape.length - 1 ? extent : 1)),
  )
}

/**
 * As `dropout`, for a whole example: [batch, ...] to the same. As the last layer of a branch, `residual(sequential([…,
 * stochasticDepth(0.1)]))`, it leaves out the branch for some examples. Source: Huang et al. (2016).
 */
export function stochasticDepth(rate: number): Module<Layer> {
  return dropping('stochasticDepth', rate, ({ shape }) => shape.map((extent, axis) => (axis === 0 ? extent : 1)))
}

/** @param shapeOf what is drawn for x, and broadcast to it */
function dropping(name: string, rate: number, shapeOf: (x: Tensor) => Shape): Module<Layer> {
  if (!(rate >= 0 && rate < 1)) {
    throw new UserError(`${name}: rate must be at least 0 and below 1, not ${String(rate)}`)
  }
  return module({}, (_, { path, training }) => (x) => {
    if (!training || rate === 0) return x
    const kept = greaterEqual(randomUniform(shapeOf(x), `${name}/${path}`), rate)
    return mul(x, div(kept, 1 - rate))
  })
}
