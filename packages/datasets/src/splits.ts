/**
 * Which rows are trained on, and which are held out for validation and test.
 *
 * The rows are shuffled once, by the split's own seed, whatever the seed of the run: the labelled
 * rows are the first of that order, then come those of validation and of test. So a larger labelled
 * fraction contains every smaller one, and what is held out is the same for all of them.
 */
import { UserError } from '@gradpool/core'
import { shuffled } from '@gradpool/core/engine'
import type { SplitBy } from './rows-split.js'

export interface SplitSizes {
  /** The fraction of the rows whose labels are used; 1 takes all that are not held out. */
  readonly labelled: number
  /** A share of the rows or a number of them. */
  readonly validation: number
  readonly test: number
}

type Splits<T> = Readonly<Record<'train' | 'validation' | 'test', T>>
export type SplitCounts = Splits<number>
export type SplitRows = Splits<Int32Array>

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
  const train = labelled === 1 ? rest : Math.round(labelled * numRows)
  const asked = `labelled: ${labelled} asks for ${train} of ${numRows} training images`
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
}

/** @throws UserError when there are too few rows for the split. */
export function splitRows(rows: Int32Array, sizes: SplitSizes, order: SplitOrder): SplitRows {
  const { train, validation, test } = splitCounts(rows.length, sizes)
  const ordered = orderedBy(rows, order)
  const testFrom = rows.length - test
  return {
    train: ordered.slice(0, train),
    validation: ordered.slice(testFrom - validation, testFrom),
    test: ordered.slice(testFrom),
  }
}

function orderedBy(rows: Int32Array, { splitBy, splitSeed, labels }: SplitOrder): Int32Array {
  if (splitBy === 'order') return rows
  const order = shuffled(rows, splitSeed, splitEpoch)
  if (splitBy === 'random') return order
  if (labels === undefined)
    throw new UserError("splitBy: 'label' needs the field 'label', one class number for each row")
  return spread(order, labels)
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
