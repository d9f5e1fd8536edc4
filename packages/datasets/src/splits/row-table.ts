/** Rows by all that they have, to find equal ones in other fields: a hash for each, and the row itself to be sure. */
import { sizeOf, type Split } from '@gradpool/core/engine'
import type { Fields } from '../fields.js'

interface Owner {
  readonly name: string
  readonly columns: readonly Words[]
}

/** The bits of a field, of so many words each row. */
interface Words {
  readonly bits: Int32Array | Uint8Array
  readonly size: number
}

export interface FoundRow {
  readonly split: string
  readonly row: number
}

export class RowTable {
  readonly #names: readonly string[]
  /** The place of an entry, from 1, at its hash or after it; 0 where there is none. */
  readonly #places: Int32Array
  readonly #rows: Int32Array
  readonly #owners: Owner[] = []
  /** Of each entry. */
  readonly #ownerOf: Uint8Array
  #length = 0

  /** @param most How many rows come at most. */
  constructor(names: readonly string[], most: number) {
    this.#names = names
    this.#places = new Int32Array(2 ** Math.ceil(Math.log2(2 * most + 2)))
    this.#rows = new Int32Array(most)
    this.#ownerOf = new Uint8Array(most)
  }

  /** Those that are not there yet. */
  add({ fields, rows }: Split, name: string): void {
    const columns = wordsOf(fields, this.#names)
    const owner = this.#owners.push({ name, columns }) - 1
    for (const row of rows) {
      const at = this.#placeOf(columns, row)
      if (this.#places[at] !== 0) continue
      this.#rows[this.#length] = row
      this.#ownerOf[this.#length] = owner
      this.#places[at] = ++this.#length
    }
  }

  /** Of each row, in order, one that is the same, bit for bit, if there is one. */
  *find({ fields, rows }: Split): Generator<{ readonly row: number; readonly same: FoundRow }> {
    const columns = wordsOf(fields, this.#names)
    for (const row of rows) {
      const entry = this.#places[this.#placeOf(columns, row)] ?? 0
      if (entry === 0) continue
      const split = this.#owners[this.#ownerOf[entry - 1] ?? 0]?.name ?? ''
      yield { row, same: { split, row: this.#rows[entry - 1] ?? 0 } }
    }
  }

  /** Where the row is, or would be. */
  #placeOf(columns: readonly Words[], row: number): number {
    const mask = this.#places.length - 1
    for (let at = hashOf(columns, row) & mask; ; at = (at + 1) & mask) {
      const entry = this.#places[at] ?? 0
      if (entry === 0) return at
      const owner = this.#owners[this.#ownerOf[entry - 1] ?? 0]
      if (owner && isSame(columns, row, owner.columns, this.#rows[entry - 1] ?? 0)) return at
    }
  }
}

function wordsOf(fields: Fields, names: readonly string[]): readonly Words[] {
  return names.flatMap((name): Words[] => {
    const field = fields[name]
    if (field === undefined) return []
    const { values, shape } = field
    const { buffer, byteOffset, byteLength, BYTES_PER_ELEMENT } = values
    const rowBytes = sizeOf(shape) * BYTES_PER_ELEMENT
    // Four bytes at once, where rows begin at whole words.
    const isWords = rowBytes % 4 === 0 && byteOffset % 4 === 0
    if (isWords) return [{ bits: new Int32Array(buffer, byteOffset, byteLength / 4), size: rowBytes / 4 }]
    return [{ bits: new Uint8Array(buffer, byteOffset, byteLength), size: rowBytes }]
  })
}

/** The mixing of MurmurHash3, of 32 bits. */
function hashOf(columns: readonly Words[], row: number): number {
  let hash = 0
  for (const { bits, size } of columns) {
    for (let at = row * size; at < (row + 1) * size; at++) {
      let word = Math.imul(bits[at] ?? 0, 0xcc9e2d51)
      word = Math.imul((word << 15) | (word >>> 17), 0x1b873593)
      hash ^= word
      hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0
    }
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

function isSame(some: readonly Words[], row: number, others: readonly Words[], other: number): boolean {
  return some.every(({ bits, size }, field) => {
    const same = others[field]?.bits
    for (let i = 0; i < size; i++) if (bits[row * size + i] !== same?.[other * size + i]) return false
    return true
  })
}
