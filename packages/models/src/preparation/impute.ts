/** What stands for missing numbers, by what the training rows are. */
import { constant, equal, select, type Tensor } from '@gradpool/core'
import type { FieldStatistics, Imputation } from '@gradpool/core/engine'
import { fitting } from './scaler.js'

type Figures = Pick<FieldStatistics, 'shape'> & Partial<Pick<FieldStatistics, Imputation>>

/**
 * A figure of the training rows in the place of each number that is NaN: before anything else is done with them.
 *
 * @param statistics of the training rows alone, such as `statisticsOf(dataset, 'x')`
 */
export function impute(statistics: Figures, by: Imputation): { apply(x: Tensor): Tensor } {
  const { shape, [by]: figures = [] } = statistics
  return {
    apply(x) {
      const numbers = fitting('impute', x, shape)
      // NaN alone is not equal to itself.
      return select(equal(numbers, numbers), numbers, constant(figures, shape))
    },
  }
}
