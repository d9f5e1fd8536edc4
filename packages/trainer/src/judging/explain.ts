/** What a trained model goes by: how much worse it is without a column, and how its answers follow one. */
import { UserError, type Direction, type Model, type OutputsOf } from '@gradpool/core'
import { checks, shuffled, sizeOf, type Field, type Split } from '@gradpool/core/engine'
import { loadDataset } from '@gradpool/datasets'
import { checkOptions } from '../fit/check-options.js'
import type { DataFor, Judged, NumbersOf, Presence } from '../fit/fit-types.js'
import type { Fitted } from '../fit/fitted.js'
import { nearest } from '../nearest-name.js'
import { rowsOf } from '../predict/rows-of.js'
import { gridOf } from './grid.js'
import { meanOf, numberAt, varianceOf } from './statistics.js'

export interface ExplainOptions<M extends Model> {
  /** The examples: the test of a data set that has one, else all of it. */
  readonly data: DataFor<M>
  /** What is worse without a column. Default: the loss. */
  readonly metric?: NumbersOf<Judged<M>>
  /** Whether less or more of it is better. Default: what the metric says; a bare tensor needs it. */
  readonly mode?: Direction
  /** How often each column is shuffled. Default: 5. */
  readonly repeats?: number
  /** Keys how columns are shuffled. Default: 0. */
  readonly seed?: number
  readonly signal?: AbortSignal
}

export interface ColumnImportance {
  /** Of a table the name of its column, else the field and the number within an example: `x[3]`. */
  readonly name: string
  readonly field: string
  /** Which number of an example, from 0. */
  readonly column: number
  /** By how much the metric is worse where the column is shuffled: the mean over the repeats. Below 0, it is better. */
  readonly importance: number
  /** Over the repeats, as of a sample. */
  readonly deviation: number
}

export interface Dependence<M extends Model> {
  /** Values of the column, from the smallest. */
  readonly grid: readonly number[]
  /** For each output and each value of the grid, the mean over the examples of each number of the output. */
  readonly mean: Readonly<Record<OutputsOf<M>, readonly (readonly number[])[]>>
}

export interface Explanation<M extends Model> {
  /** The metric of the examples as they are. */
  readonly baseline: number
  /** In the order of the fields and their numbers. */
  readonly columns: readonly ColumnImportance[]
  /**
   * The partial dependence: what the model predicts in the mean where a column has a value, each example keeping its
   * other columns. The grid is the column's own values where there are fewer than `points`, 20 by default, and else as
   * many from its quantile 0.05 to 0.95, equally far apart; of categories always all.
   *
   * Source: Friedman, "Greedy function approximation" (2001); as sklearn.inspection.partial_dependence with
   * method='brute'.
   *
   * @throws UserError for a name that no column has
   */
  readonly dependence: (name: string, options?: { readonly points?: number }) => Promise<Dependence<M>>
}

/**
 * The permutation importance of each number that the model predicts from: how much worse a metric is where that number
 * is shuffled among the examples, which leaves what it is like and takes what it tells. Columns that tell the same
 * stand in for each other, so both may seem to be of no use.
 *
 * Source: Breiman, "Random forests" (2001); as sklearn.inspection.permutation_importance.
 *
 * @throws UserError where the model predicts nothing, or the data or the metric do not fit it
 */
export async function explain<M extends Model, H extends Presence>(
  fitted: Fitted<M, H>,
  options: ExplainOptions<M>,
): Promise<Explanation<M>> {
  checkOptions('explain', options)
  const { data, metric = 'loss', mode, repeats = 5, seed = 0, signal } = options
  const { splits, columns: names, categories } = await loadDataset(data, { names: fitted.table })
  const split = alone(splits.test ?? splits.all)
  const inputs = fitted.predictFields(split.fields)
  if (inputs === undefined) throw new UserError('explain needs a model that predicts from fields that the data have')
  const columns = Object.entries<Field>(inputs).flatMap(([field, { shape }]) => columnsOf(field, shape, names))
  const score = async (fields: Split['fields']) => {
    signal?.throwIfAborted()
    const judged = await fitted.evaluateSplit({ ...split, fields })
    if (typeof Reflect.get(judged, metric) === 'number') return numberAt(judged, metric)
    throw new UserError(`explain: there is no number '${metric}' among ${Object.keys(judged).join(', ')}`)
  }
  const baseline = await score(split.fields)
  const direction = mode ?? fitted.directionOf(metric, split)
  if (direction === undefined) {
    throw new UserError(`explain: whether more or less of '${metric}' is better needs mode: 'min' or 'max'`)
  }
  const importances: ColumnImportance[] = []
  for (const [number, { name, field, column }] of columns.entries()) {
    const losses: number[] = []
    const values = columnOf(split.fields[field], column)
    for (let repeat = 0; repeat < repeats; repeat++) {
      const order = shuffled(split.rows, seed, repeat * columns.length + number)
      const changed = withColumn(split.fields, { field, column }, (row) => values[order[row] ?? 0] ?? NaN)
      const found = await score(changed)
      losses.push(direction === 'min' ? found - baseline : baseline - found)
    }
    importances.push({ name, field, column, importance: meanOf(losses), deviation: Math.sqrt(varianceOf(losses)) })
  }
  return {
    baseline,
    columns: importances,
    dependence: async (name, { points = 20 } = {}) => {
      checks.whole(2)(points, 'points')
      const found = columns.find((it) => it.name === name)
      if (found === undefined) throw unknownColumn(name, columns)
      // Between the numbers of categories there is nothing.
      return dependenceOf(fitted, split, { ...found, points: categories?.[name] ? Infinity : points })
    },
  }
}

interface Column {
  readonly field: string
  readonly column: number
}

async function dependenceOf<M extends Model, H extends Presence>(
  fitted: Fitted<M, H>,
  split: Split,
  { field, column, points }: Column & { readonly points: number },
): Promise<Dependence<M>> {
  const of = split.fields[field]
  const grid = gridOf(columnOf(of, column), points, of?.dtype !== 'f32')
  const mean: Partial<Record<OutputsOf<M>, number[][]>> = {}
  for (const value of grid) {
    const fields = withColumn(split.fields, { field, column }, () => value)
    const predictions = await fitted.predictSplit({ ...split, fields })
    for (const [output, values] of Object.entries<ArrayLike<number>>(predictions ?? {})) {
      // The names are those of the model's predict.
      ;(mean[output as OutputsOf<M>] ??= []).push(meansOf(values, split.rows.length))
    }
  }
  return { grid, mean: mean as Dependence<M>['mean'] }
}

/** The rows of a split as data of their own. */
function alone({ fields, rows }: Split): Split {
  const own = Object.entries(fields).map(([name, field]) => [name, { ...field, values: rowsOf(field, rows) }] as const)
  return { fields: Object.fromEntries(own), rows: Int32Array.from(rows, (_, row) => row) }
}

function columnsOf(field: string, shape: readonly number[], names: readonly string[] | undefined) {
  const size = sizeOf(shape)
  const own = field === 'x' && names?.length === size ? names : undefined
  return Array.from({ length: size }, (_, column) => {
    const place = shape.length === 0 ? field : `${field}[${column}]`
    return { field, column, name: own?.[column] ?? place }
  })
}

function columnOf(field: Field | undefined, column: number): Float64Array {
  if (field === undefined) return new Float64Array()
  const size = sizeOf(field.shape)
  return Float64Array.from({ length: field.values.length / size }, (_, row) => field.values[row * size + column] ?? NaN)
}

/** The same fields with other values in one column. */
function withColumn(
  fields: Split['fields'],
  { field, column }: Column,
  valueOf: (row: number) => number,
): Split['fields'] {
  const old = fields[field]
  if (old === undefined) return fields
  const values = old.values.slice()
  const size = sizeOf(old.shape)
  for (let row = 0; row * size < values.length; row++) values[row * size + column] = valueOf(row)
  return { ...fields, [field]: { ...old, values } }
}

/** Of [rows, ...], over the rows. */
function meansOf(values: ArrayLike<number>, rows: number): number[] {
  const size = values.length / rows
  const sums = new Array<number>(size).fill(0)
  for (let i = 0; i < values.length; i++) sums[i % size] = (sums[i % size] ?? 0) + (values[i] ?? NaN)
  return sums.map((sum) => sum / rows)
}

function unknownColumn(name: string, columns: readonly { readonly name: string }[]): UserError {
  const names = columns.map((it) => it.name)
  const near = nearest(name, names)
  const hint = near === undefined ? `there are ${names.slice(0, 8).join(', ')}` : `there is '${near}'`
  return new UserError(`there is no column '${name}'; ${hint}`)
}
