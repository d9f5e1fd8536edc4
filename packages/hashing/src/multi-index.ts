/**
 * Multi-index hashing (Norouzi, Punjani and Fleet, Fast exact search in Hamming space with multi-index hashing, 2014):
 * codes are cut into m substrings of 16 bits at most, each with a table of its own. If two codes differ in r bits, one
 * of their substrings differs in r / m bits at most, so near codes are in few buckets.
 *
 * Codes of 16 bits and fewer have one table, whose buckets are those of semantic hashing, probed in order of distance.
 */
import { invariant } from '@gradpool/core/engine'
import { BLOCK_ROWS, type NearBounds, type PackedCodes } from '@gradpool/engine-cpu'
import { countBits } from './pack-codes.js'

/** A substring of codes, and the rows by its value. */
interface Table {
  /** First bit, and how many. */
  readonly start: number
  readonly width: number
  /** The index in `rows` of the first row of each value, and the end of the last. [2^width + 1] */
  readonly starts: Uint32Array
  readonly rows: Uint32Array
}

const MAX_WIDTH = 16

/** Probing a bucket, or comparing a row in one, takes about as long as scanning this many bytes of codes. */
const BYTES_PER_PROBE = 16384

/** The most that probing may cost, as a fraction of the cost of a scan of all rows. */
const BUDGET = 1 / 4

export class MultiIndex {
  readonly numRows: number
  readonly #packed: PackedCodes
  readonly #tables: readonly Table[]
  /** The most probes: with more, a scan is faster. */
  readonly #budget: number
  /** By width and number of bits. */
  readonly #masks = new Map<number, number[]>()

  /** Builds the tables of all rows that exist now. */
  constructor(packed: PackedCodes, bits: number) {
    this.#packed = packed
    this.numRows = packed.numRows
    this.#budget = (BUDGET * this.numRows * packed.codeBytes) / BYTES_PER_PROBE
    const codes = packed.read(0, this.numRows)
    const numTables = Math.ceil(bits / MAX_WIDTH)
    this.#tables = Array.from({ length: numTables }, (_, table) => {
      const start = Math.floor((bits * table) / numTables)
      const width = Math.floor((bits * (table + 1)) / numTables) - start
      return makeTable(codes, packed.codeBytes, start, width)
    })
  }

  /**
   * The rows of the tables that are within the radius and no farther than the k-th nearest, as `PackedCodes.near`
   * returns them; undefined if that takes more than `most` probes of buckets and rows.
   */
  near(query: Uint8Array, { k, radius, allowed }: NearBounds, most = this.#budget): number[] | undefined {
    const collected = new Collected(k, radius)
    const labels = this.#packed.labels
    let cost = 0
    for (let level = 0; level <= MAX_WIDTH; level++) {
      for (const [number, { start, width, starts, rows }] of this.#tables.entries()) {
        const value = substring(query, 0, start, width)
        for (const mask of this.#masksOf(width, level)) {
          const first = starts[value ^ mask] ?? 0
          const end = starts[(value ^ mask) + 1] ?? 0
          // With one table, the rows of the query's own bucket are results, not probes.
          cost += level === 0 && this.#tables.length === 1 ? 0 : 1 + end - first
          if (cost > most) return undefined
          for (let at = first; at < end; at++) {
            const row = rows[at] ?? 0
            const distance = this.#distanceOf(row, query)
            if (distance > collected.radius || allowed?.[labels[row] ?? 0] === 0) continue
            if (!this.#wasFound(row, query, level, number)) collected.take(row, distance)
          }
        }
        // A row that is not found yet differs in more than `level` bits of each substring so far, and in `level` bits
        // or more of each other one.
        if (this.#tables.length * level + number >= collected.radius) return collected.nearest()
      }
    }
    return collected.nearest()
  }

  #masksOf(width: number, count: number): readonly number[] {
    const key = 32 * width + count
    const masks = this.#masks.get(key) ?? masksOf(width, count)
    this.#masks.set(key, masks)
    return masks
  }

  #distanceOf(row: number, query: Uint8Array): number {
    const blocks = this.#packed.blocks
    let distance = 0
    let at = this.#packed.placeOf(row)
    for (let byte = 0; byte < query.length; byte++, at += BLOCK_ROWS) {
      distance += countBits((blocks[at] ?? 0) ^ (query[byte] ?? 0))
    }
    return distance
  }

  /** Whether a row that a table has at a level was in a bucket that was probed before. */
  #wasFound(row: number, query: Uint8Array, level: number, number: number): boolean {
    const code = this.#packed.read(row, row + 1)
    return this.#tables.some(({ start, width }, other) => {
      if (other === number) return false
      const different = substring(code, 0, start, width) ^ substring(query, 0, start, width)
      return countBits(different) <= (other < number ? level : level - 1)
    })
  }
}

/** The rows found so far, and the distance of the k-th nearest. */
class Collected {
  radius: number
  readonly #k: number
  readonly #pairs: number[] = []
  readonly #counts = new Uint32Array(257)
  #within = 0

  constructor(k: number, radius: number) {
    this.#k = k
    this.radius = Math.min(radius, 256)
  }

  take(row: number, distance: number): void {
    this.#pairs.push(row, distance)
    this.#counts[distance] = (this.#counts[distance] ?? 0) + 1
    this.#within++
    for (;;) {
      const farthest = this.#counts[this.radius] ?? 0
      if (this.radius === 0 || this.#within - farthest < this.#k) return
      this.#within -= farthest
      this.radius--
    }
  }

  /** Rows, each followed by its distance. */
  nearest(): number[] {
    const near: number[] = []
    for (let at = 0; at < this.#pairs.length; at += 2) {
      const [row = 0, distance = 0] = this.#pairs.slice(at, at + 2)
      if (distance <= this.radius) near.push(row, distance)
    }
    return near
  }
}

function makeTable(codes: Uint8Array, codeBytes: number, start: number, width: number): Table {
  invariant(width >= 1 && width <= MAX_WIDTH, `a substring of ${width} bits`)
  const numRows = codes.length / codeBytes
  const values = new Uint16Array(numRows)
  const starts = new Uint32Array(2 ** width + 1)
  for (let row = 0; row < numRows; row++) {
    const value = substring(codes, row * codeBytes, start, width)
    values[row] = value
    starts[value + 1] = (starts[value + 1] ?? 0) + 1
  }
  for (let value = 0; value < 2 ** width; value++) {
    starts[value + 1] = (starts[value + 1] ?? 0) + (starts[value] ?? 0)
  }
  const next = starts.slice()
  const rows = new Uint32Array(numRows)
  for (let row = 0; row < numRows; row++) {
    const value = values[row] ?? 0
    const at = next[value] ?? 0
    rows[at] = row
    next[value] = at + 1
  }
  return { start, width, starts, rows }
}

/** Bits `start` to `start + width` - 1 of the code that begins at a byte, as a number. */
function substring(codes: Uint8Array, at: number, start: number, width: number): number {
  const first = at + (start >> 3)
  const three = (codes[first] ?? 0) | ((codes[first + 1] ?? 0) << 8) | ((codes[first + 2] ?? 0) << 16)
  return (three >> (start & 7)) & (2 ** width - 1)
}

/** All numbers of `width` bits of which `count` are 1, ascending. */
function masksOf(width: number, count: number): number[] {
  const masks: number[] = []
  for (let mask = 0; mask < 2 ** width; mask++) if (countBits(mask) === count) masks.push(mask)
  return masks
}
