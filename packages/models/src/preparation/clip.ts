/** Numbers that are not beyond those of the training rows. */
import { constant, maximum, minimum, type Tensor } from '@gradpool/core'
import type { FieldStatistics } from '@gradpool/core/engine'
import { fitting } from './scaler.js'

/**
 * What is less than the least of the training rows becomes that, what is more than the most becomes that.
 *
 * @param statistics of the training rows alone, such as `statisticsOf(dataset, 'x')`; or bounds of one's own
 */
export function clip({ least, most, shape }: Pick<FieldStatistics, 'shape' | 'least' | 'most'>): {
  apply(x: Tensor): Tensor
} {
  return {
    apply: (x) => minimum(maximum(fitting('clip', x, shape), constant(least, shape)), constant(most, shape)),
  }
}
