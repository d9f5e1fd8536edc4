/** Rows of a table, as they are in the file, as numbers that a network learns from. */
import { type Tensor } from '@gradpool/core'
import { type FieldStatistics, type ModelData, sizeOf } from '@gradpool/core/engine'
import { fieldOf, statisticsFor } from '../architectures/ready-model.js'
import { impute } from './impute.js'
import { oneHotCategories } from './one-hot-categories.js'
import { standardize } from './standardize.js'

export interface TablePreparation {
  /** Numbers of one row. */
  readonly width: number
  /** [batch, columns] as [batch, width], f32. */
  apply(x: Tensor): Tensor
}

export interface TablePreparationOptions {
  /** Default: true. */
  readonly standardize?: boolean
}

/**
 * What `regress` and `classify` do to `x` of a table: missing values become the figure that the data name (categories
 * the most frequent), numbers are scaled to mean 0 and deviation 1, and categories are one-hot. All of it follows from
 * the training rows alone, and is constants of the Program.
 *
 * @param data such as `modelDataOf(dataset)`
 * @throws UserError where the training rows are not there
 */
export function prepareTable(data: ModelData, options: TablePreparationOptions = {}): TablePreparation {
  const { columns = [], categories = {}, missing } = data
  const { shape } = fieldOf(data, 'x')
  const isCategories = columns.map((column) => Object.hasOwn(categories, column))
  const encoded = isCategories.includes(true) ? oneHotCategories({ columns, categories }) : undefined
  const isImputed = typeof missing === 'string'
  const isScaled = options.standardize !== false
  const statistics = isImputed || isScaled ? statisticsFor(data, 'x') : undefined
  const imputer = isImputed && statistics && impute(withCategories(statistics, missing, isCategories), missing)
  const scaler = isScaled && statistics && standardize(scaled(statistics, isCategories))
  return {
    width: encoded?.width ?? sizeOf(shape),
    apply(x) {
      const whole = imputer ? imputer.apply(x) : x
      const numbers = scaler ? scaler.apply(whole) : whole
      return encoded ? encoded.apply(numbers) : numbers
    },
  }
}

/** The mean of categories is none of them. */
function withCategories(
  statistics: FieldStatistics,
  missing: 'mean' | 'median' | 'mostFrequent',
  isCategories: readonly boolean[],
) {
  const { shape, [missing]: figures } = statistics
  if (!isCategories.includes(true)) return { shape, [missing]: figures }
  const { mostFrequent } = statistics
  return { shape, [missing]: figures.map((figure, at) => (isCategories[at] ? (mostFrequent[at] ?? 0) : figure)) }
}

/** Numbers of categories stay as they are. */
function scaled({ shape, mean, deviation }: FieldStatistics, isCategories: readonly boolean[]) {
  return {
    shape,
    mean: mean.map((value, at) => (isCategories[at] ? 0 : value)),
    deviation: deviation.map((value, at) => (isCategories[at] ? 1 : value)),
  }
}
