/**
 * Finds the rows near a query, either with the tables of multi-index hashing or by a scan of all rows, whichever is
 * faster (see the README). Both are exact.
 */
import { BLOCK_ROWS, type NearBounds, type PackedCodes } from '@gradpool/engine-cpu'
import { MultiIndex } from './multi-index.js'

/** With more queries at once, a scan is used, as they share what it loads into the cache. */
const MOST_PROBED = 16

export class NearestRows {
  readonly #packed: PackedCodes
  readonly #bits: number
  readonly #leastTableBytes: number
  #tables: MultiIndex | undefined

  /** @param leastTableBytes tables are built once the packed codes take this many bytes */
  constructor(packed: PackedCodes, bits: number, leastTableBytes: number) {
    this.#packed = packed
    this.#bits = bits
    this.#leastTableBytes = leastTableBytes
  }

  /**
   * For each query, rows, each followed by its distance: all that are no farther than the k-th nearest, and possibly
   * others within the radius.
   *
   * @param queries packed, [n, bytes of a code]
   */
  near(queries: Uint8Array, bounds: NearBounds): ArrayLike<number>[] {
    const isMany = queries.length > MOST_PROBED * this.#packed.codeBytes
    const tables = isMany ? undefined : this.#tablesInUse()
    if (tables === undefined) return this.#packed.near(queries, bounds)
    const tail = tables.numRows < this.#packed.numRows ? this.#tail(queries, bounds, tables.numRows) : []
    const rowBytes = this.#packed.codeBytes
    const results = Array.from({ length: queries.length / rowBytes }, (_, query) => {
      const near = tables.near(queries.subarray(query * rowBytes, (query + 1) * rowBytes), bounds)
      return near?.concat(tail[query] ?? [])
    })
    const others = results.flatMap((near, query) => (near === undefined ? [query] : []))
    const rest = new Uint8Array(others.length * rowBytes)
    for (const [at, query] of others.entries()) {
      rest.set(queries.subarray(query * rowBytes, (query + 1) * rowBytes), at * rowBytes)
    }
    const scanned = this.#packed.near(rest, bounds)
    let next = 0
    return results.map((near) => near ?? scanned[next++] ?? [])
  }

  /**
   * The near rows among those that the tables lack. A scan starts at a whole block, which may include rows of the
   * tables.
   */
  #tail(queries: Uint8Array, bounds: NearBounds, numRows: number): number[][] {
    const firstRow = BLOCK_ROWS * Math.floor(numRows / BLOCK_ROWS)
    return this.#packed.near(queries, { ...bounds, firstRow }).map((near) => {
      const rows: number[] = []
      for (let at = 0; at < near.length; at += 2) {
        if ((near[at] ?? 0) >= numRows) rows.push(near[at] ?? 0, near[at + 1] ?? 0)
      }
      return rows
    })
  }

  /** The tables, if they are worth it. They are rebuilt when a quarter of the rows is newer than they are. */
  #tablesInUse(): MultiIndex | undefined {
    if (this.#packed.numRows * this.#packed.codeBytes < this.#leastTableBytes) return undefined
    if (this.#tables === undefined || this.#tables.numRows < 0.75 * this.#packed.numRows) {
      this.#tables = new MultiIndex(this.#packed, this.#bits)
    }
    return this.#tables
  }
}
