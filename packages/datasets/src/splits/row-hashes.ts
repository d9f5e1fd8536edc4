/**
 * A hash of 64 bits for each row, over the bytes of all its fields in the order of their names: two of MurmurHash3's of
 * 32 bits, of other constants, over words of four bytes where rows are made of these, else over bytes.
 */
import type { Field } from '@gradpool/core/engine'
import type { Fields } from '../fields.js'

/** What a word is mixed with, and how hashes begin. */
const [FIRST_A, FIRST_B, A, B] = [0, 0x9747b28c, 0xcc9e2d51, 0x239b961b] as const
const [SECOND_A, SECOND_B] = [0x1b873593, 0xab0e9789] as const

export class RowHashes {
  /** Two numbers for each row. */
  readonly values: Uint32Array
  #row = 0

  constructor(numRows: number) {
    this.values = new Uint32Array(2 * numRows)
    for (let at = 0; at < this.values.length; at += 2) [this.values[at], this.values[at + 1]] = [FIRST_A, FIRST_B]
  }

  /** Adds the next field: first its rows, some at a time, then `endField`. @param block of whole rows */
  add(block: Uint8Array, rowBytes: number): void {
    const isWords = rowBytes % 4 === 0 && block.byteOffset % 4 === 0
    const bits = isWords ? new Int32Array(block.buffer, block.byteOffset, block.byteLength / 4) : block
    const size = isWords ? rowBytes / 4 : rowBytes
    const { values } = this
    for (let at = 0; at < bits.length; at += size, this.#row++) {
      let [a, b] = [values[2 * this.#row] ?? 0, values[2 * this.#row + 1] ?? 0]
      for (let i = at; i < at + size; i++) {
        const word = bits[i] ?? 0
        a = mixed(a, word, A, SECOND_A)
        b = mixed(b, word, B, SECOND_B)
      }
      values[2 * this.#row] = a
      values[2 * this.#row + 1] = b
    }
  }

  endField(): void {
    this.#row = 0
  }

  /** @returns `values`, which nothing more is added to */
  finish(): Uint32Array {
    const { values } = this
    for (let at = 0; at < values.length; at++) values[at] = finished(values[at] ?? 0)
    return values
  }
}

function mixed(hash: number, word: number, first: number, second: number): number {
  let own = Math.imul(word, first)
  own = Math.imul((own << 15) | (own >>> 17), second)
  const sum = hash ^ own
  return (Math.imul((sum << 13) | (sum >>> 19), 5) + 0xe6546b64) | 0
}

function finished(hash: number): number {
  let sum = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  sum = Math.imul(sum ^ (sum >>> 13), 0xc2b2ae35)
  return sum ^ (sum >>> 16)
}

/** Of fields in memory. @param names those that count */
export function hashesOf(fields: Fields, names: readonly string[], numRows: number): Uint32Array {
  const hashes = new RowHashes(numRows)
  for (const name of inOrder(names)) {
    const field = fields[name]
    if (field) hashes.add(bytesIn(field), bytesIn(field).length / numRows)
    hashes.endField()
  }
  return hashes.finish()
}

/** The order in which fields are hashed. */
export function inOrder(names: readonly string[]): readonly string[] {
  return names.toSorted((a, b) => (a < b ? -1 : 1))
}

export function bytesIn({ values }: Pick<Field, 'values'>): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}
