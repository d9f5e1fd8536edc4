/** Rows in folds, each of which is held out once. */
import { UserError } from '@gradpool/core'
import { shuffled, type Split } from '@gradpool/core/engine'
import { originOfSplits, splitKeyOf, withRows, type Dataset } from '../dataset.js'
import type { SplitBy } from './rows-split.js'
import { rowsByValue } from './splits.js'

/** How rows come into folds. */
export type FoldBy = Exclude<SplitBy, { readonly time: string }>

export interface FoldOptions {
  readonly folds: number
  readonly splitBy: FoldBy
  readonly seed: number
  /** From 0: each has folds of its own, but for `splitBy: 'order'`. */
  readonly repeat: number
}

/** Below the epoch of a split, so that no order of a training or a split is that of a fold. */
const FIRST_EPOCH = -2

/**
 * The rows of `train` in folds, each in the order of the data. Sizes differ by 1 at most, but for groups.
 *
 * `random`: shuffled and cut. `label`: of each class, the folds have as many rows as each other, within 1. `order`: cut
 * as they are, as sklearn.model_selection.KFold does. `{ group }`: all rows of one value of a column in one fold, the
 * largest groups first, each in the fold that has the fewest rows, as sklearn.model_selection.GroupKFold does.
 *
 * @throws UserError where there are fewer rows or groups than folds, or no labels or groups to go by
 */
export function foldsOf(dataset: Dataset, { folds, splitBy, seed, repeat }: FoldOptions): readonly Int32Array[] {
  const { fields, rows: unordered } = dataset.splits.train
  const rows = unordered.toSorted()
  if (rows.length < folds) throw new UserError(`${rows.length} rows cannot be in ${folds} folds: take fewer folds`)
  if (splitBy === 'order') return cut(rows, folds)
  const order = shuffled(rows, seed, FIRST_EPOCH - repeat)
  if (splitBy === 'random') return cut(order, folds)
  if (typeof splitBy === 'object') return byGroup(dataset, order, { folds, splitBy })
  const { label } = fields
  if (label === undefined || label.shape.length > 0) {
    throw new UserError("splitBy: 'label' needs the field 'label', one class number for each row")
  }
  // Sorting is stable: rows of one class stay in their shuffled order.
  const byClass = order.toSorted((a, b) => (label.values[a] ?? 0) - (label.values[b] ?? 0))
  return Array.from({ length: folds }, (_, fold) => byClass.filter((_, place) => place % folds === fold).sort())
}

/**
 * The data set whose test is these rows of `train`, and whose training rows are the others of it: all of them, or so
 * many, the first of an order that `splitBy`, `seed` and `repeat` say, so that fewer are among more.
 */
export function withFold(
  dataset: Dataset,
  held: Int32Array,
  { count, splitBy, seed, repeat }: Omit<FoldOptions, 'folds'> & { readonly count: number | undefined },
): Dataset {
  const { fields, rows } = dataset.splits.train
  const isHeld = new Set(held)
  const others = rows.toSorted().filter((row) => !isHeld.has(row))
  const inOrder = splitBy === 'order' ? others : shuffled(others, seed, FIRST_EPOCH - repeat)
  const some = count === undefined ? others : inOrder.slice(0, count).sort()
  const { all, train } = dataset.splits
  const reading = train.reading && { reading: train.reading }
  return withRows(dataset, {
    // Where all rows have labels, they are those that are trained on.
    all: all.rows.length === rows.length ? { fields, rows: some, ...reading } : without(all, isHeld),
    train: { fields, rows: some },
    test: { fields, rows: held },
  })
}

function without(split: Split, held: ReadonlySet<number>): Split {
  return { ...split, rows: split.rows.filter((row) => !held.has(row)) }
}

/** The first rows are one more where the folds do not divide them. */
function cut(rows: Int32Array, folds: number): readonly Int32Array[] {
  const [size, more] = [Math.floor(rows.length / folds), rows.length % folds]
  const start = (fold: number) => fold * size + Math.min(fold, more)
  return Array.from({ length: folds }, (_, fold) => rows.slice(start(fold), start(fold + 1)).sort())
}

function byGroup(
  dataset: Dataset,
  order: Int32Array,
  { folds, splitBy }: Pick<FoldOptions, 'folds' | 'splitBy'>,
): readonly Int32Array[] {
  const key = splitKeyOf(originOfSplits(dataset).contents, splitBy)
  const groups = rowsByValue(order, (row) => key?.values[row] ?? 0)
  if (groups.size < folds) throw new UserError(`${groups.size} groups cannot be in ${folds} folds: take fewer folds`)
  const made = Array.from({ length: folds }, (): number[] => [])
  // Sorting is stable: groups of one size stay in their shuffled order.
  for (const group of [...groups.values()].toSorted((a, b) => b.length - a.length)) {
    const [first = [], ...others] = made
    others.reduce((least, fold) => (fold.length < least.length ? fold : least), first).push(...group)
  }
  return made.map((rows) => Int32Array.from(rows).sort())
}
