/** How well a search by codes finds items with the query's label, in the usual measures, as means over queries. */
import { UserError } from '@gradpool/core'
import { distanceCounts, type LabelledCodes } from './distance-counts.js'
import { averagePrecision, harmonicNumbers, precisionAt, within } from './ranking.js'

export interface RetrievalOptions {
  readonly bits: number
  readonly queries: LabelledCodes
  readonly collection: LabelledCodes
  /** The k of each precision@k. */
  readonly ranks: readonly number[]
  /** The cutoffs of mean average precision, besides the whole ranking. */
  readonly cutoffs: readonly number[]
}

/** Every figure is its expectation over all orders of codes at the same distance; see ranking.ts. */
export interface RetrievalQuality {
  /** Over the whole ranking. */
  readonly meanAveragePrecision: number
  /** In the order of `cutoffs`; the average is over min(cutoff, relevant codes in the collection). */
  readonly meanAveragePrecisionAt: readonly { readonly cutoff: number; readonly value: number }[]
  /** In the order of `ranks`. */
  readonly precisionAt: readonly { readonly k: number; readonly value: number }[]
  /** By radius, from 0 to the number of bits. */
  readonly withinRadius: readonly RadiusQuality[]
}

/** For the codes within a Hamming distance of the query. */
export interface RadiusQuality {
  readonly radius: number
  /** The fraction of the codes found that are relevant; 0 for a query that finds nothing. */
  readonly precision: number
  /** The fraction of the relevant codes that are found; over queries that have any. */
  readonly recall: number
  /** The fraction of queries that find nothing. */
  readonly nothing: number
}

/** @throws UserError if there are no queries or no codes, for another number of labels than codes, or k below 1 */
export function retrievalQuality(options: RetrievalOptions): RetrievalQuality {
  const { bits, queries, collection, ranks, cutoffs } = options
  const [numQueries, numCodes] = [queries.labels.length, collection.labels.length]
  if (numQueries === 0 || numCodes === 0) {
    throw new UserError('the quality of a search needs at least one query and one code')
  }
  const wrong = [...ranks, ...cutoffs].find((k) => !Number.isInteger(k) || k < 1)
  if (wrong !== undefined) throw new UserError(`k must be a whole number from 1, not ${wrong}`)

  const harmonic = harmonicNumbers(numCodes)
  const whole = new Mean()
  const cut = cutoffs.map((cutoff) => ({ cutoff, mean: new Mean() }))
  const precisions = ranks.map((k) => ({ k, mean: new Mean() }))
  const radii = Array.from({ length: bits + 1 }, (_, radius) => ({
    radius,
    precision: new Mean(),
    recall: new Mean(),
    nothing: new Mean(),
  }))
  for (const counts of distanceCounts(queries, collection, bits)) {
    whole.add(averagePrecision(counts, numCodes, harmonic))
    for (const { cutoff, mean } of cut) {
      mean.add(averagePrecision(counts, Math.min(cutoff, numCodes), harmonic))
    }
    for (const { k, mean } of precisions) mean.add(precisionAt(counts, k))
    const found = within(counts)
    const relevantInAll = found.relevant[bits] ?? 0
    for (const { radius, precision, recall, nothing } of radii) {
      const [all = 0, relevant = 0] = [found.all[radius], found.relevant[radius]]
      precision.add(all === 0 ? 0 : relevant / all)
      nothing.add(all === 0 ? 1 : 0)
      if (relevantInAll > 0) recall.add(relevant / relevantInAll)
    }
  }
  return {
    meanAveragePrecision: whole.value,
    meanAveragePrecisionAt: cut.map(({ cutoff, mean }) => ({ cutoff, value: mean.value })),
    precisionAt: precisions.map(({ k, mean }) => ({ k, value: mean.value })),
    withinRadius: radii.map(({ radius, precision, recall, nothing }) => ({
      radius,
      precision: precision.value,
      recall: recall.value,
      nothing: nothing.value,
    })),
  }
}

class Mean {
  #sum = 0
  #count = 0

  add(value: number): void {
    this.#sum += value
    this.#count++
  }

  /** 0 if nothing was added. */
  get value(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count
  }
}
