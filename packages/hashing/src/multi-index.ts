/**
 * Multi-index hashing (Norouzi, Punjani and Fleet, Fast exact search in Hamming space with multi-index hashing, 2014):
 * codes are cut into m substrings of 16 bits at most, each with a table of its own. Where two codes differ in r bits,
 * one of their substrings differs in r / m at most, so the near are in few buckets.
 *
 * Codes of 16 bits and fewer have one table, whose buckets are those of semantic hashing, probed in order of distance.
 */
import { invariant } from '@gradpool/core/engine'
import { BLOCK_ROWS, type NearBounds, type PackedCodes } from '@gradpool/engine-cpu'

/** A substring of codes, and the rows by its value. */
interface Table {
  /** First bit, and how many. */
  readonly start: number
  readonly width: number
  /** Where the rows of each value begin, and where the last end. [2^width + 1] */
  readonly starts: Uint32Array
  readonly rows: Uint32Array
}

const MAX_WIDTH = 16

/** Looking at a bucket, or at a row that was in one, takes about as long as scanning so many bytes of codes. */
const BYTES_PER_PROBE = 16384

/** What probing may cost, as a part of what a scan of all rows would. */
const BUDGET = 1 / 4

export class MultiIndex {
  readonly numRows: number
  readonly #packed: PackedCodes
  readonly #tables: readonly Table[]
  /** Past it a scan takes less. */
  readonly #budget: number
  /** By width and number of bits. */
  readonly #masks = new Map<number, number[]>()

  /** Of all rows that there are now. */
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
   * The rows within the radius that are as near as the k-th nearest of the tables' rows, as `PackedCodes.near` gives
   * them; undefined where that takes more than `most` buckets and rows looked at.
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
          // Where codes are one substring, all that its own bucket has is found.
          cost += level === 0 && this.#tables.length === 1 ? 0 : 1 + end - first
          if (cost > most) return undefined
          for (let at = first; at < end; at++) {
            const row = rows[at] ?? 0
            const distance = this.#distanceOf(row, query)
            if (distance > collected.radius || allowed?.[labels[row] ?? 0] === 0) continue
            if (!this.#wasFound(row, query, level, number)) collected.take(row, distance)
          }
        }
        // What is not found yet differs in more than `level` bits of each table so far, and in `level` bits of the
        // others.
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

  /** Whether a row in the buckets of a table at a level was in one that was looked at before. */
  #wasFound(row: number, query: Uint8Array, level: number, number: number): boolean {
    const code = this.#packed.read(row, row + 1)
    return this.#tables.some(({ start, width }, other) => {
      if (other === number) return false
      const different = substring(code, 0, start, width) ^ substring(query, 0, start, width)
      return countBits(different) <= (other < number ? level : level - 1)
    })
  }
}

/** Rows so far, and how far the k-th nearest of them is. */
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

  /** Rows with their distances, in turn. */
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

/** How many bits of a number of 16 bits are 1. */
function countBits(value: number): number {
  let bits = value - ((value >> 1) & 0x5555)
  bits = (bits & 0x3333) + ((bits >> 2) & 0x3333)
  bits = (bits + (bits >> 4)) & 0x0f0f
  return (bits + (bits >> 8)) & 0x1f
}
