/** Classes that are rare, as often as the others: training rows are repeated. */
import { UserError } from '@gradpool/core'
import { shuffled } from '@gradpool/core/engine'
import { rowsByValue } from './splits.js'

/** In the place of an epoch's number: neither that of a training nor of a split. */
const oversampleEpoch = -2

/**
 * The rows, and after them repeats of those of every class but the largest, until all have as many.
 *
 * A class is repeated as a whole as often as it fits, then in part, by an order of its rows that the seed gives.
 *
 * @param labels of each row of the fields
 * @throws UserError where there are none
 */
export function oversampled(rows: Int32Array, labels: ArrayLike<number> | undefined, seed: number): Int32Array {
  if (labels === undefined) {
    throw new UserError("balance: 'oversample' needs the field 'label', one class number for each row")
  }
  const classes = rowsByValue(rows, (row) => labels[row] ?? 0)
  const most = Math.max(0, ...Array.from(classes.values(), ({ length }) => length))
  const repeats = [...classes]
    .sort(([a], [b]) => a - b)
    .flatMap(([, own]) => {
      const order = shuffled(Int32Array.from(own), seed, oversampleEpoch)
      return Array.from({ length: most - own.length }, (_, i) => order[i % own.length] ?? 0)
    })
  if (repeats.length === 0) return rows
  const all = new Int32Array(rows.length + repeats.length)
  all.set(rows)
  all.set(repeats, rows.length)
  return all
}
