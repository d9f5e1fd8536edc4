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
export interface RankedRow extends Neighbour {
  readonly row: number
}

/**
 * The order of results: by Hamming distance, then by distance of the real-valued codes where these are kept, then by id,
 * then by which was added first. It is total, so every search has one answer.
 */
export function compare(a: RankedRow, b: RankedRow): number {
  return (
    a.hamming - b.hamming || (a.distance ?? 0) - (b.distance ?? 0) || a.id - b.id || a.row - b.row
  )
}
