/** How many codes of a collection are at each Hamming distance from a query, and how many of these are relevant to it. */
import { UserError } from '@gradpool/core'
import { bytesPerCode, checkBits } from '../pack-codes.js'

/** Packed codes (see `packCodes`) and what they are codes of. */
export interface LabelledCodes {
  /** [n, bytes per code] */
  readonly codes: Uint8Array
  /** [n]; a code is relevant to a query of the same label. */
  readonly labels: Uint8Array
}

/** By distance, from 0 to the number of bits. */
export interface DistanceCounts {
  readonly all: Uint32Array
  readonly relevant: Uint32Array
}

/**
 * The counts for each query, in order; both arrays are reused for the next one.
 *
 * @throws UserError where there are not as many labels as codes
 */
export function* distanceCounts(
  queries: LabelledCodes,
  collection: LabelledCodes,
  bits: number,
): Generator<DistanceCounts> {
  checkBits(bits)
  for (const { codes, labels } of [queries, collection]) checkLabels(codes, labels, bits)
  const numWords = Math.ceil(bits / 32)
  const [asked, kept] = [wordsOf(queries.codes, bits), wordsOf(collection.codes, bits)]
  const counts = { all: new Uint32Array(bits + 1), relevant: new Uint32Array(bits + 1) }
  const { all, relevant } = counts
  const query = new Int32Array(numWords)
  for (const [row, label] of queries.labels.entries()) {
    all.fill(0)
    relevant.fill(0)
    query.set(asked.subarray(row * numWords, (row + 1) * numWords))
    collection.labels.forEach((other, place) => {
      let distance = 0
      for (let word = 0; word < numWords; word++) {
        distance += countBits((query[word] ?? 0) ^ (kept[place * numWords + word] ?? 0))
      }
      all[distance] = (all[distance] ?? 0) + 1
      if (other === label) relevant[distance] = (relevant[distance] ?? 0) + 1
    })
    yield counts
  }
}

function checkLabels(codes: Uint8Array, labels: Uint8Array, bits: number): void {
  const numCodes = codes.length / bytesPerCode(bits)
  if (numCodes === labels.length) return
  throw new UserError(
    `${labels.length} labels do not go with ${codes.length} bytes of codes of ${bits} bits`,
  )
}

/** Each code in whole 32-bit words, the last filled up with 0. */
function wordsOf(codes: Uint8Array, bits: number): Int32Array {
  const [from, to] = [bytesPerCode(bits), 4 * Math.ceil(bits / 32)]
  const bytes = new Uint8Array((codes.length / from) * to)
  codes.forEach((byte, i) => {
    bytes[Math.floor(i / from) * to + (i % from)] = byte
  })
  return new Int32Array(bytes.buffer)
}

/** Of a 32-bit word: the sums of 2, 4, 8, then 32 bits. */
function countBits(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555)
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
