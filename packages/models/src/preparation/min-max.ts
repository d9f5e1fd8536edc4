/** Numbers between 0 and 1, by what the training rows are. */
import { add, constant, div, mul, sub } from '@gradpool/core'
import type { FieldStatistics } from '@gradpool/core/engine'
import { divisorsOf, fitting, type Scaler } from './scaler.js'

/**
 * The least of the training rows is 0 and the most 1: (x - least) / (most - least). Other rows may be outside of that;
 * `clip` holds them in. What is always the same becomes 0.
 *
 * @param statistics of the training rows alone, such as `statisticsOf(dataset, 'x')`
 */
export function minMax({ least, most, shape }: Pick<FieldStatistics, 'shape' | 'least' | 'most'>): Scaler {
  const ranges = divisorsOf(most.map((value, at) => value - (least[at] ?? 0)))
  const of = (values: readonly number[]) => constant(values, shape)
  return {
    apply: (x) => div(sub(fitting('minMax', x, shape), of(least)), of(ranges)),
    invert: (x) => add(mul(fitting('minMax', x, shape), of(ranges)), of(least)),
  }
}
