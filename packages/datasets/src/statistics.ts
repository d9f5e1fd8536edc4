/** What the training rows of a field are like: for models that prepare their inputs. */
import { sizeOf, type Field, type FieldStatistics, type ModelData } from '@gradpool/core/engine'
import { UserError } from '@gradpool/core'
import type { Dataset } from './dataset.js'
import { shown } from './spec-rules.js'
import { valuesOf } from './stored/stored-fields.js'

/**
 * Figures of each number of an example, over the rows of `train` alone; in float64, in the order of the rows. Missing
 * numbers, NaN, count nowhere.
 *
 * @param change What the figures are of, such as `Math.log1p`. Default: the numbers as they are.
 * @throws UserError where there is no such field, or no number of it in the training rows
 */
export function statisticsOf(
  { name, splits, columns }: Dataset,
  field: string,
  change: (value: number) => number = (value) => value,
): FieldStatistics {
  const { fields, rows } = splits.train
  const found = fields[field]
  if (found === undefined) throw new UserError(`${name} has no field '${field}'`)
  const { shape } = found
  const places = Array.from({ length: sizeOf(shape) }, (_, place) => place)
  // One after the other, so that a row of 10,000 numbers is not 10,000 lists of rows.
  const valuesAt = (place: number) => {
    const values = numbersAt(found, rows, place)
    if (values.length > 0) return values.map(change)
    const what = field === 'x' && columns ? `the column ${shown(columns[place])}` : `number ${place} of '${field}'`
    throw new UserError(`${name} has no value of ${what} in the training rows`)
  }
  const each = <K extends string>(figures: (values: Float64Array) => Readonly<Record<K, number>>) => {
    let made: readonly Readonly<Record<K, number>>[] | undefined
    return (key: K) => (made ??= places.map((place) => figures(valuesAt(place)))).map((figure) => figure[key])
  }
  const moments = found.file ? storedMoments(found, rows, { change, valuesAt }) : each(momentsOf)
  const ranked = each(ranksOf)
  return {
    shape,
    mean: moments('mean'),
    deviation: moments('deviation'),
    least: moments('least'),
    most: moments('most'),
    // Sorting takes its time, so it is done where it is asked for.
    get median() {
      return ranked('median')
    },
    get mostFrequent() {
      return ranked('mostFrequent')
    },
  }
}

/** Those that are there, in the order of the rows. */
function numbersAt({ shape, values }: Field, rows: Int32Array, place: number): Float64Array {
  const size = sizeOf(shape)
  const numbers = new Float64Array(rows.length)
  let count = 0
  for (const row of rows) {
    const value = values[row * size + place] ?? NaN
    if (!Number.isNaN(value)) numbers[count++] = value
  }
  return numbers.subarray(0, count)
}

function momentsOf(values: Float64Array) {
  // From the first, so that what is always the same has a deviation of exactly 0.
  const first = values[0] ?? 0
  let [sum, squares, least, most] = [0, 0, Infinity, -Infinity]
  for (const value of values) {
    sum += value - first
    least = Math.min(least, value)
    most = Math.max(most, value)
  }
  const offset = sum / values.length
  for (const value of values) {
    const distance = value - first - offset
    squares += distance * distance
  }
  return { mean: first + offset, deviation: Math.sqrt(squares / values.length), least, most }
}

interface FigureSource {
  readonly change: (value: number) => number
  /** Throws where there are none. */
  readonly valuesAt: (place: number) => Float64Array
}

/** The moments of all places in two passes over a file: the same sums in the same order, place by place. */
function storedMoments(field: Field, rows: Int32Array, { change, valuesAt }: FigureSource) {
  const size = sizeOf(field.shape)
  const zeros = () => new Float64Array(size)
  const eachValue = (take: (value: number, place: number) => void) => {
    for (const part of valuesOf(field, rows)) {
      for (let at = 0; at < part.values.length; at++) {
        const value = part.values[at] ?? NaN
        if (!Number.isNaN(value)) take(change(value), at % size)
      }
    }
  }
  const make = () => {
    const [first, sum, squares, counts] = [zeros(), zeros(), zeros(), zeros()]
    const [least, most] = [zeros().fill(Infinity), zeros().fill(-Infinity)]
    eachValue((value, place) => {
      if (counts[place] === 0) first[place] = value
      counts[place] = (counts[place] ?? 0) + 1
      sum[place] = (sum[place] ?? 0) + (value - (first[place] ?? 0))
      least[place] = Math.min(least[place] ?? 0, value)
      most[place] = Math.max(most[place] ?? 0, value)
    })
    const empty = counts.indexOf(0)
    if (empty >= 0) valuesAt(empty)
    const offset = sum.map((total, place) => total / (counts[place] ?? 1))
    eachValue((value, place) => {
      const distance = value - (first[place] ?? 0) - (offset[place] ?? 0)
      squares[place] = (squares[place] ?? 0) + distance * distance
    })
    return {
      mean: Array.from(offset, (its, place) => (first[place] ?? 0) + its),
      deviation: Array.from(squares, (its, place) => Math.sqrt(its / (counts[place] ?? 1))),
      least: Array.from(least),
      most: Array.from(most),
    }
  }
  let made: ReturnType<typeof make> | undefined
  return (key: keyof ReturnType<typeof make>) => (made ??= make())[key]
}

function ranksOf(values: Float64Array) {
  const sorted = values.toSorted()
  const middle = sorted.length / 2
  const median = ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2
  let [mostFrequent, longest, start] = [NaN, 0, 0]
  for (let at = 1; at <= sorted.length; at++) {
    if (sorted[at] === sorted[start]) continue
    if (at - start > longest) [mostFrequent, longest] = [sorted[start] ?? NaN, at - start]
    start = at
  }
  return { median, mostFrequent }
}

/** What a model may know of these data. */
export function modelDataOf(dataset: Dataset): ModelData {
  const { fields, classes, imageShape, columns, categories, missing } = dataset
  return {
    fields: fields.train,
    classes,
    imageShape,
    ...(columns && { columns }),
    ...(categories && { categories }),
    ...(missing !== undefined && { missing }),
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
  for (const { values, rows: some } of valuesOf(label, rows)) {
    for (const row of some) {
      if (isOneHot) counts.forEach((_, i) => (counts[i] = (counts[i] ?? 0) + (values[row * numClasses + i] ?? 0)))
      else counts[values[row] ?? 0] = (counts[values[row] ?? 0] ?? 0) + 1
    }
  }
  return counts
}
