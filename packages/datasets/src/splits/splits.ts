/**
 * Which rows are trained on, and which are held out for validation and test.
 *
 * The rows are put in an order once, by the split's own seed, whatever the seed of the run: the labelled rows are the
 * first of that order, then come those of validation and of test. So a larger labelled fraction contains every smaller
 * one, and what is held out is the same for all of them.
 */
import { UserError } from '@gradpool/core'
import { shuffled } from '@gradpool/core/engine'
import type { SplitBy } from './rows-split.js'
import { shown } from '../spec-rules.js'

export interface SplitSizes {
  /** The share or number of the rows whose labels are used; 1 takes all that are not held out. */
  readonly labelled: number
  /** A share of the rows or a number of them. */
  readonly validation: number
  readonly test: number
}

type Splits<T> = Readonly<Record<'train' | 'validation' | 'test', T>>
export type SplitCounts = Splits<number>
export type SplitRows = Splits<Int32Array>

/** A value for each row, such that rows of one value stay together. */
export interface SplitKey {
  /** The column or field that has them. */
  readonly column: string
  /** Of each row of the fields. */
  readonly values: ArrayLike<number>
  /** Of groups, in the order of their numbers, where they are texts. */
  readonly names?: readonly string[]
}

/** In the place of an epoch's number, so that no epoch of a training has the order of a split. */
const splitEpoch = -1

/** How many rows there are in each split. @throws UserError when there are too few for it. */
export function splitCounts(numRows: number, sizes: SplitSizes): SplitCounts {
  const { labelled } = sizes
  const validation = countOf('validation', sizes.validation, numRows)
  const test = countOf('test', sizes.test, numRows)
  const rest = numRows - validation - test
  if (rest < 1) {
    const sets = [validation && `${validation} for validation`, test && `${test} for test`]
    const held = sets.filter((text) => text !== 0).join(' and ')
    throw new UserError(`Of ${numRows} rows, ${held} leave none to train on: hold out fewer`)
  }
  const train = labelled === 1 ? rest : labelled > 1 ? labelled : Math.round(labelled * numRows)
  const asked = `labelled: ${labelled} asks for ${train} of ${numRows} training rows`
  if (train < 1) throw new UserError(`${asked}, expected at least 1`)
  if (train > rest) {
    const expected = `expected at most the ${rest} that are not held out`
    throw new UserError(`${asked}, ${expected}; labelled: 1 takes all of these`)
  }
  return { train, validation, test }
}

export interface SplitOrder {
  readonly splitSeed: number
  readonly splitBy: SplitBy
  /** Of each row of the fields. */
  readonly labels?: ArrayLike<number> | undefined
  /** Of a split by a column. */
  readonly key?: SplitKey | undefined
}

/** @throws UserError when there are too few rows for the split. */
export function splitRows(rows: Int32Array, sizes: SplitSizes, order: SplitOrder): SplitRows {
  const { train, validation, test } = splitCounts(rows.length, sizes)
  const ordered = orderedBy(rows, order)
  const edge = edgesOf(ordered, order)
  const testFrom = edge('test', rows.length, test)
  const validationFrom = edge('validation', testFrom, validation)
  return {
    train: ordered.slice(0, sizes.labelled === 1 ? validationFrom : Math.min(train, validationFrom)),
    validation: ordered.slice(validationFrom, testFrom),
    test: ordered.slice(testFrom),
  }
}

function orderedBy(rows: Int32Array, { splitBy, splitSeed, labels, key }: SplitOrder): Int32Array {
  if (splitBy === 'order') return rows
  if (key && typeof splitBy === 'object' && 'time' in splitBy) {
    // Sorting is stable: rows of one time stay in their order.
    return rows.toSorted((a, b) => (key.values[a] ?? 0) - (key.values[b] ?? 0))
  }
  const order = shuffled(rows, splitSeed, splitEpoch)
  if (key) return together(order, key)
  if (splitBy === 'random') return order
  if (labels === undefined)
    throw new UserError("splitBy: 'label' needs the field 'label', one class number for each row")
  return spread(order, labels)
}

/** Rows of one group one after the other, the groups in the order of their first rows. */
function together(rows: Int32Array, { values }: SplitKey): Int32Array {
  const groups = rowsByValue(rows, (row) => values[row] ?? 0)
  return Int32Array.from([...groups.values()].flat())
}

/** The rows of each value, in the order of the first row that has it. */
export function rowsByValue<Value>(rows: Iterable<number>, valueOf: (row: number) => Value): Map<Value, number[]> {
  const groups = new Map<Value, number[]>()
  for (const row of rows) {
    const value = valueOf(row)
    const group = groups.get(value)
    if (group) group.push(row)
    else groups.set(value, [row])
  }
  return groups
}

/**
 * Where a split of so many rows begins that ends there: with a key, at the nearest row that begins another value, but
 * never at the end or the beginning of all.
 */
function edgesOf(ordered: Int32Array, { key }: SplitOrder) {
  return (split: string, end: number, count: number): number => {
    if (key === undefined || count === 0) return end - count
    const begins = (at: number) => key.values[ordered[at] ?? 0] !== key.values[ordered[at - 1] ?? 0]
    for (let away = 0; away < end; away++) {
      for (const at of [end - count + away, end - count - away]) if (at > 0 && at < end && begins(at)) return at
    }
    throw new UserError(
      `There are too few different values of ${shown(key.column)} to hold some of them out for ${split}, and to train on others`,
    )
  }
}

/** Each class spread evenly over the whole, so that every part of it has as much of each as there is. */
function spread(rows: Int32Array, labels: ArrayLike<number>): Int32Array {
  const counts = new Map<number, number>()
  const ranks = Array.from(rows, (row) => {
    const label = labels[row] ?? 0
    const rank = counts.get(label) ?? 0
    counts.set(label, rank + 1)
    return { row, label, rank }
  })
  const placed = ranks.map(({ row, label, rank }) => ({ row, place: (rank + 0.5) / (counts.get(label) ?? 1) }))
  // Sorting is stable: rows of one place stay in their shuffled order.
  return Int32Array.from(
    placed.sort((a, b) => a.place - b.place),
    ({ row }) => row,
  )
}

function countOf(name: string, size: number, numRows: number): number {
  if (size === 0 || size >= 1) return size
  const count = Math.round(size * numRows)
  if (count > 0) return count
  throw new UserError(
    `${name}: ${size} of ${numRows} rows is none of them, expected a larger share or a number of rows`,
  )
}
