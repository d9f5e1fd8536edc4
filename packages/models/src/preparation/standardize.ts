/** Numbers of any scale as numbers around 0, by what the training rows are. */
import { add, constant, div, mul, sub } from '@gradpool/core'
import type { FieldStatistics } from '@gradpool/core/engine'
import { divisorsOf, fitting, type Scaler } from './scaler.js'

/**
 * Mean 0 and deviation 1 for each number of an example: (x - mean) / deviation. What is always the same, so that its
 * deviation is 0, becomes 0.
 *
 * The statistics are constants of the Program, so they are part of a saved model, which takes rows as they are.
 *
 * @param statistics of the training rows alone, such as `statisticsOf(dataset, 'x')`
 */
export function standardize({ mean, deviation, shape }: Pick<FieldStatistics, 'shape' | 'mean' | 'deviation'>): Scaler {
  const divisors = divisorsOf(deviation)
  const of = (values: readonly number[]) => constant(values, shape)
  return {
    apply: (x) => div(sub(fitting('standardize', x, shape), of(mean)), of(divisors)),
    invert: (x) => add(mul(fitting('standardize', x, shape), of(divisors)), of(mean)),
  }
}
