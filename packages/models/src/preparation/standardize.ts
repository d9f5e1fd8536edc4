/** Numbers of any scale as numbers around 0, by what the training rows are. */
import { add, cast, constant, div, mul, sub, type Tensor, UserError } from '@gradpool/core'
import type { FieldStatistics } from '@gradpool/core/engine'

export interface Standardizer {
  /** (x - mean) / deviation, of [batch, ...] whose examples the statistics are of; f32. */
  apply(x: Tensor): Tensor
  /** The other way: x · deviation + mean, in the field's own units. */
  invert(x: Tensor): Tensor
}

/**
 * Mean 0 and deviation 1 for each number of an example. What is always the same, so that its deviation is 0, becomes 0.
 *
 * The statistics are constants of the Program, so they are part of a saved model, which takes rows as they are.
 *
 * @param statistics of the training rows alone, such as `statisticsOf(dataset, 'x')`
 */
export function standardize({ mean, deviation, shape }: FieldStatistics): Standardizer {
  // As f32, which is what divides.
  const divisors = deviation.map((value) => (Math.fround(value) === 0 ? 1 : value))
  const of = (values: readonly number[]) => constant(values, shape)
  return {
    apply: (x) => div(sub(fitting(x, shape), of(mean)), of(divisors)),
    invert: (x) => add(mul(fitting(x, shape), of(divisors)), of(mean)),
  }
}

function fitting(x: Tensor, shape: readonly number[]): Tensor {
  if (x.shape.slice(1).join() === shape.join()) return cast(x, 'f32')
  throw new UserError(`standardize is for examples of [${shape.join(', ')}], not of [${x.shape.slice(1).join(', ')}]`)
}
