/** The results of a search, and their order. */

/** In an index, the label of a row that has none. */
export const NO_LABEL = 255

export interface Neighbour {
  readonly id: number
  /** Null if it has none. */
  readonly label: number | null
  /** The number of bits that differ from the query's. */
  readonly hamming: number
  /** The squared distance of the real-valued codes; null if the index does not keep them. */
  readonly distance: number | null
}

/** A neighbour with its row number in the index. */
interface RankedRow extends Neighbour {
  readonly row: number
}

/**
 * The order of results: by Hamming distance, then by distance of the real-valued codes if these are kept, then by id,
 * then by row number. It is total, so the answer to a search is unique.
 */
function compare(a: RankedRow, b: RankedRow): number {
  return a.hamming - b.hamming || (a.distance ?? 0) - (b.distance ?? 0) || a.id - b.id || a.row - b.row
}

/** Keeps the k nearest of the rows that are added. */
export class Nearest {
  readonly #k: number
  /** Once there are more than 2 k + 20, all but the k nearest are dropped. */
  #rows: RankedRow[] = []
  /** The k-th nearest when rows were last dropped. */
  #farthest: RankedRow | undefined

  constructor(k: number) {
    this.#k = k
  }

  /** Whether a row is known to be too far. */
  excludes(hamming: number, distance: number | null): boolean {
    const farthest = this.#farthest
    if (farthest === undefined) return false
    const order = hamming - farthest.hamming || (distance ?? 0) - (farthest.distance ?? 0)
    return order > 0
  }

  add(row: RankedRow): void {
    this.#rows.push(row)
    if (this.#rows.length > 2 * this.#k + 20) this.#sortOut()
  }

  sorted(): Neighbour[] {
    this.#sortOut()
    return this.#rows.map(({ id, label, hamming, distance }) => ({ id, label, hamming, distance }))
  }

  #sortOut(): void {
    this.#rows = this.#rows.sort(compare).slice(0, this.#k)
    this.#farthest = this.#rows[this.#k - 1]
  }
}
