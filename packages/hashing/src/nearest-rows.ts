/**
 * Which rows are near a query: by the tables of multi-index hashing or by a scan of all rows, whichever takes less, as
 * the README states it. Both are exact.
 */
import { BLOCK_ROWS, type NearBounds, type PackedCodes } from '@gradpool/engine-cpu'
import { MultiIndex } from './multi-index.js'

/** More queries at once than this are scanned for, as they share what comes into the cache. */
const MOST_PROBED = 16

export class NearestRows {
  readonly #packed: PackedCodes
  readonly #bits: number
  readonly #leastTableBytes: number
  #tables: MultiIndex | undefined

  /** @param leastTableBytes how many bytes packed codes take, before tables are made */
  constructor(packed: PackedCodes, bits: number, leastTableBytes: number) {
    this.#packed = packed
    this.#bits = bits
    this.#leastTableBytes = leastTableBytes
  }

  /**
   * For each query rows with their distances, in turn: all that are as near as the k-th nearest, and perhaps others
   * within the radius.
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
   * What is near among the rows that the tables lack; a scan begins with a whole block, some rows of which they have.
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

  /** The tables, where they pay; made anew when a quarter of the rows has come since. */
  #tablesInUse(): MultiIndex | undefined {
    if (this.#packed.numRows * this.#packed.codeBytes < this.#leastTableBytes) return undefined
    if (this.#tables === undefined || this.#tables.numRows < 0.75 * this.#packed.numRows) {
      this.#tables = new MultiIndex(this.#packed, this.#bits)
    }
    return this.#tables
  }
}
