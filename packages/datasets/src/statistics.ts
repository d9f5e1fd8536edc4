/** What the training rows of a field are like: for models that scale their inputs. */
import { sizeOf, type FieldStatistics, type ModelData } from '@gradpool/core/engine'
import { UserError } from '@gradpool/core'
import type { Dataset } from './dataset.js'

/**
 * Mean and deviation of each number of an example, over the rows of `train` alone; in float64, in the order of the
 * rows.
 *
 * @throws UserError where there is no such field
 */
export function statisticsOf({ name, splits }: Dataset, field: string): FieldStatistics {
  const { fields, rows } = splits.train
  const found = fields[field]
  if (found === undefined) throw new UserError(`${name} has no field '${field}'`)
  const { shape, values } = found
  const size = sizeOf(shape)
  const [sums, squares] = [new Float64Array(size), new Float64Array(size)]
  const first = Array.from({ length: size }, (_, i) => values[(rows[0] ?? 0) * size + i] ?? 0)
  // From the first row, so that what is always the same has a deviation of exactly 0.
  for (const row of rows) {
    for (let i = 0; i < size; i++) sums[i] = (sums[i] ?? 0) + (values[row * size + i] ?? 0) - (first[i] ?? 0)
  }
  const offset = Array.from(sums, (sum) => sum / rows.length)
  for (const row of rows) {
    for (let i = 0; i < size; i++) {
      const distance = (values[row * size + i] ?? 0) - (first[i] ?? 0) - (offset[i] ?? 0)
      squares[i] = (squares[i] ?? 0) + distance * distance
    }
  }
  return {
    shape,
    mean: first.map((value, i) => value + (offset[i] ?? 0)),
    deviation: Array.from(squares, (square) => Math.sqrt(square / rows.length)),
  }
}

/** What a model may know of these data. */
export function modelDataOf(dataset: Dataset): ModelData {
  const { fields, classes, imageShape } = dataset
  return {
    fields: fields.train,
    classes,
    imageShape,
    statistics: (field) => statisticsOf(dataset, field),
    classCounts: () => classCountsOf(dataset),
  }
}

/**
 * How many training rows each class has; of one-hot labels, and other distributions, their sums.
 *
 * @throws UserError where there are no labels of classes
 */
export function classCountsOf({ name, splits, classes }: Dataset): readonly number[] {
  const { fields, rows } = splits.train
  const { label } = fields
  const isOneHot = label?.dtype === 'f32' && label.shape.length === 1
  const numClasses = isOneHot ? label.shape[0] : classes
  if (label === undefined || numClasses === undefined) {
    throw new UserError(`${name} has no field 'label' that is a class number from 0 on for each row, or one-hot`)
  }
  const counts = Array.from({ length: numClasses }, () => 0)
  for (const row of rows) {
    if (isOneHot) counts.forEach((_, i) => (counts[i] = (counts[i] ?? 0) + (label.values[row * numClasses + i] ?? 0)))
    else counts[label.values[row] ?? 0] = (counts[label.values[row] ?? 0] ?? 0) + 1
  }
  return counts
}
