/** Dropout. Source: Srivastava et al. (2014), in its inverted form. */
import { div, greaterEqual, module, type Module, mul, randomUniform, UserError } from '@gradpool/core'
import type { Layer } from './activation.js'

/**
 * In training, each element becomes 0 with probability `rate`, and the others grow by 1 / (1 - rate); otherwise, and in
 * a frozen part, the identity. [...] to [...].
 *
 * @param rate at least 0 and below 1
 * @throws UserError for a rate out of range
 */
export function dropout(rate: number): Module<Layer> {
  if (!(rate >= 0 && rate < 1)) {
    throw new UserError(`dropout: rate must be at least 0 and below 1, not ${String(rate)}`)
  }
  return module({}, (_, { path, training }) => (x) => {
    if (!training || rate === 0) return x
    const kept = greaterEqual(randomUniform(x.shape, `dropout/${path}`), rate)
    return mul(x, div(kept, 1 - rate))
  })
}
