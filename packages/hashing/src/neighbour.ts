/** What a search finds, and in which order. */

/** In an index: the label of what has none. */
export const NO_LABEL = 255

export interface Neighbour {
  readonly id: number
  /** Null where the index was given none. */
  readonly label: number | null
  /** How many bits differ from the query's. */
  readonly hamming: number
  /** The squared distance of the real-valued codes; null where the index keeps none. */
  readonly distance: number | null
}

/** A neighbour with its place in the index. */
interface RankedRow extends Neighbour {
  readonly row: number
}

/**
 * The order of results: by Hamming distance, then by distance of the real-valued codes where these are kept, then by
 * id, then by which was added first. It is total, so every search has one answer.
 */
function compare(a: RankedRow, b: RankedRow): number {
  return a.hamming - b.hamming || (a.distance ?? 0) - (b.distance ?? 0) || a.id - b.id || a.row - b.row
}

/** The k nearest of the rows it is told of. */
export class Nearest {
  readonly #k: number
  /** Of more than 2 k, the nearest are sorted out. */
  #rows: RankedRow[] = []
  /** The k-th nearest when they were sorted out last. */
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
