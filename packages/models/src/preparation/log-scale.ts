/** Numbers of several magnitudes as their logarithms. */
import { exp, log1p, sub, UserError } from '@gradpool/core'
import type { FieldStatistics } from '@gradpool/core/engine'
import { fitting, type Scaler } from './scaler.js'

/**
 * Log(1 + x), for counts and prices: what is ten times as much is as far apart, whatever its size. 0 stays 0.
 *
 * To scale the logarithms, too: `standardize(statisticsOf(dataset, 'y', Math.log1p))`.
 *
 * @param statistics of the training rows alone, such as `statisticsOf(dataset, 'y')`
 * @throws UserError where they have numbers of -1 or less
 */
export function logScale({ least, shape }: Pick<FieldStatistics, 'shape' | 'least'>): Scaler {
  const below = least.find((value) => value <= -1)
  if (below !== undefined) throw new UserError(`logScale is for numbers above -1, and the training rows have ${below}`)
  return {
    apply: (x) => log1p(fitting('logScale', x, shape)),
    invert: (x) => sub(exp(fitting('logScale', x, shape)), 1),
  }
}
