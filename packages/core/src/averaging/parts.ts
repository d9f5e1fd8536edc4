/** The examples of each replica whose weights are averaged, and when that is. */
import type { Split } from '../engine/dataset.js'
import { UserError } from '../errors.js'
import { purposeOf } from '../random/random.js'

export interface AverageOptions {
  /**
   * After how many steps the replicas' states are averaged. Of replicas of different sizes these are the steps of the
   * largest; the others go through their examples at the same pace. An epoch ends with an average, whatever `every` is.
   */
  readonly every: number
  /**
   * Relative sizes of the replicas' parts, which are consecutive examples of the split. Unless given, as many parts as
   * there are microBatches, of equal size, to which examples are dealt out one by one.
   */
  readonly parts?: readonly number[]
}

/**
 * The part of each replica.
 *
 * @param microBatches how many replicas there are, where `parts` does not say so
 * @throws UserError with one sentence, for numbers out of range and for a part without examples
 */
export function partsOf({ fields, rows }: Split, average: AverageOptions, microBatches = 1): Split[] {
  const { every, parts } = average
  if (!Number.isInteger(every) || every < 1) {
    throw new UserError(`averageEvery must be a whole number of at least 1, not ${String(every)}`)
  }
  const count = parts?.length ?? microBatches
  if (parts !== undefined && microBatches !== 1 && microBatches !== count) {
    throw new UserError(`averageParts has ${count} parts for ${microBatches} microBatches`)
  }
  if (count < 2) throw new UserError('averageParts must be at least 2 parts')
  const chosen = parts ? consecutive(rows, parts) : dealtOut(rows, count)
  const empty = chosen.findIndex(({ length }) => length === 0)
  if (empty >= 0) {
    throw new UserError(`averageParts: part ${empty + 1} of ${count} has none of the ${rows.length} examples`)
  }
  return chosen.map((rows) => ({ fields, rows }))
}

function dealtOut(rows: Int32Array, count: number): Int32Array[] {
  return Array.from({ length: count }, (_, part) => rows.filter((_, i) => i % count === part))
}

function consecutive(rows: Int32Array, sizes: readonly number[]): Int32Array[] {
  for (const size of sizes) {
    if (!(size > 0 && size < Infinity)) {
      throw new UserError(`averageParts must be numbers above 0, not ${String(size)}`)
    }
  }
  const total = sizes.reduce((sum, size) => sum + size, 0)
  let before = 0
  return sizes.map((size) => {
    const first = Math.round((rows.length * before) / total)
    before += size
    return rows.slice(first, Math.round((rows.length * before) / total))
  })
}

/** The seed of a replica: keys its dropout, and with the seed of the order the order of its examples. */
export function replicaSeed(seed: number, replica: number): number {
  return (seed ^ purposeOf(`replica ${replica}`)) >>> 0
}
