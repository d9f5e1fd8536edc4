/** Series as examples: stretches of some steps, each with the steps after it. */
import { UserError } from '@gradpool/core'
import { isObject, shown } from './spec-rules.js'
import { arrays, type ArraysSpec } from './spec.js'
import { rowsByValue } from './splits/splits.js'

export interface WindowsOptions {
  /** The column that is forecast. */
  readonly target: string
  /** How many steps an example sees. */
  readonly length: number
  /** How many steps after them are forecast. */
  readonly horizon: number
  /** From the first step of an example to that of the next. Default: 1. */
  readonly stride?: number
  /** A value for each row: rows of one value are a series of their own, wherever they stand. Default: one series. */
  readonly groupBy?: ArrayLike<number | string>
  /** The share or number of rows of each series, before those of the test. Default: 0, none. */
  readonly validation?: number
  /** The share or number of rows of each series, at its end. Default: 0, none. */
  readonly test?: number
  /** Default: `windows`. */
  readonly name?: string
}

/**
 * Windows of a series: `x`, f32 [length, columns], the steps that are seen, and `y`, f32 [horizon], the target in those
 * after them.
 *
 * Rows are in the order of time. Each series is cut into training, validation and test rows before windows are made, so
 * no row is in windows of two splits. A stretch of n rows gives floor((n - length - horizon) / stride) + 1 windows, and
 * none where it is shorter than one.
 *
 * @param columns numbers by name, one for each row; their order is that of the columns of `x`
 * @throws UserError for columns or options that do not fit, or a split without a window
 */
export function windows(columns: Readonly<Record<string, ArrayLike<number>>>, options: WindowsOptions): ArraysSpec {
  const { target, length, horizon, stride = 1, groupBy, validation = 0, test = 0, name = 'windows' } = options
  for (const [option, value] of Object.entries({ length, horizon, stride })) checkCount(option, value)
  const series = Object.entries(isObject(columns) ? columns : {})
  const numRows = checkedRows(series, options)
  const goal = series.findIndex(([column]) => column === target)
  if (goal < 0) {
    throw new UserError(
      `windows: target must be one of ${series.map(([column]) => column).join(', ')}, not ${shown(target)}`,
    )
  }
  const begins: Record<'train' | 'validation' | 'test', Int32Array[]> = { train: [], validation: [], test: [] }
  for (const rows of groupsOf(numRows, groupBy)) {
    const held = { validation: countOf('validation', validation, rows), test: countOf('test', test, rows) }
    const [trainEnd, testBegin] = [rows.length - held.validation - held.test, rows.length - held.test]
    begins.train.push(...windowsIn(rows.subarray(0, Math.max(0, trainEnd)), length + horizon, stride))
    begins.validation.push(...windowsIn(rows.subarray(Math.max(0, trainEnd), testBegin), length + horizon, stride))
    begins.test.push(...windowsIn(rows.subarray(testBegin), length + horizon, stride))
  }
  const fieldsOf = (split: keyof typeof begins) => {
    const found = begins[split]
    if (found.length === 0) {
      throw new UserError(`windows: no ${split} rows of a series are as many as length + horizon, ${length + horizon}`)
    }
    const x = new Float32Array(found.length * length * series.length)
    const y = new Float32Array(found.length * horizon)
    found.forEach((rows, i) => {
      series.forEach(([, values], column) => {
        for (let t = 0; t < length; t++) x[(i * length + t) * series.length + column] = values[rows[t] ?? 0] ?? NaN
      })
      const wanted = series[goal]?.[1] ?? []
      for (let t = 0; t < horizon; t++) y[i * horizon + t] = wanted[rows[length + t] ?? 0] ?? NaN
    })
    return { x: { values: x, shape: [length, series.length] }, y: { values: y, shape: [horizon] } }
  }
  return arrays(fieldsOf('train'), {
    name,
    ...(validation > 0 && { validation: fieldsOf('validation') }),
    ...(test > 0 && { test: fieldsOf('test') }),
  })
}

/** The rows of each window. */
function windowsIn(rows: Int32Array, size: number, stride: number): Int32Array[] {
  const count = rows.length < size ? 0 : Math.floor((rows.length - size) / stride) + 1
  return Array.from({ length: count }, (_, i) => rows.subarray(i * stride, i * stride + size))
}

/** Rows of one series, in their order. */
function groupsOf(numRows: number, groupBy: ArrayLike<number | string> | undefined): Int32Array[] {
  const groups = rowsByValue(Array(numRows).keys(), (row) => groupBy?.[row] ?? 0)
  return Array.from(groups.values(), (rows) => Int32Array.from(rows))
}

/** A share or a number of the rows. */
function countOf(option: string, size: number, rows: Int32Array): number {
  if (!(size >= 0 && (size < 1 || Number.isInteger(size)))) {
    throw new UserError(`windows: ${option} must be a share below 1, or a number of rows, not ${shown(size)}`)
  }
  return size < 1 ? Math.round(size * rows.length) : Math.min(size, rows.length)
}

function checkCount(option: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return
  throw new UserError(`windows: ${option} must be a whole number of at least 1, not ${shown(value)}`)
}

function checkedRows(series: readonly (readonly [string, ArrayLike<number>])[], options: WindowsOptions): number {
  const [first] = series
  if (first === undefined) throw new UserError('windows: columns must be numbers by name, one for each row')
  const numRows = first[1].length
  const lengths = [...series, ...(options.groupBy ? [['groupBy', options.groupBy] as const] : [])]
  for (const [column, { length }] of lengths) {
    if (length !== numRows) {
      throw new UserError(
        `windows: ${column} has ${length} rows and ${first[0]} has ${numRows}; they must have as many`,
      )
    }
  }
  for (const [column, values] of series) {
    for (let row = 0; row < numRows; row++) {
      if (Number.isFinite(Math.fround(values[row] ?? NaN))) continue
      throw new UserError(`windows: ${column} is no number that f32 has in row ${row}, but ${shown(values[row])}`)
    }
  }
  return numRows
}
