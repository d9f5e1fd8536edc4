/**
 * Counts how many codes of a collection are at each Hamming distance from a query, and how many of these are relevant.
 */
import { UserError } from '@gradpool/core'
import { bytesPerCode, checkBits, countBits } from '../pack-codes.js'

/** Packed codes (see `packCodes`) and the labels of what they encode. */
export interface LabelledCodes {
  /** [n, bytes per code] */
  readonly codes: Uint8Array
  /** [n]; a code is relevant to queries of the same label. */
  readonly labels: Uint8Array
}

/** By distance, from 0 to the number of bits. */
export interface DistanceCounts {
  readonly all: Uint32Array
  readonly relevant: Uint32Array
}

/**
 * The counts for each query, in order. Both arrays are reused for the next query.
 *
 * @throws UserError if the numbers of labels and codes differ
 */
export function* distanceCounts(
  queries: LabelledCodes,
  collection: LabelledCodes,
  bits: number,
): Generator<DistanceCounts> {
  checkBits(bits)
  for (const { codes, labels } of [queries, collection]) checkLabels(codes, labels, bits)
  const [asked, kept] = [wordsOf(queries.codes, bits), wordsOf(collection.codes, bits)]
  const distances = new Uint16Array(collection.labels.length)
  const counts = { all: new Uint32Array(bits + 1), relevant: new Uint32Array(bits + 1) }
  for (const [row, label] of queries.labels.entries()) {
    distances.fill(0)
    asked.forEach((words, i) => {
      const others = kept[i]
      if (others !== undefined) addDistances(words[row] ?? 0, others, distances)
    })
    count(distances, collection.labels, label, counts)
    yield counts
  }
}

/** Adds to each distance the number of bits in which a word differs. */
function addDistances(word: number, others: Int32Array, distances: Uint16Array): void {
  for (let row = 0; row < others.length; row++) {
    const different = countBits(word ^ (others[row] ?? 0))
    distances[row] = (distances[row] ?? 0) + different
  }
}

function count(distances: Uint16Array, labels: Uint8Array, label: number, { all, relevant }: DistanceCounts): void {
  all.fill(0)
  relevant.fill(0)
  for (let row = 0; row < distances.length; row++) {
    const distance = distances[row] ?? 0
    all[distance] = (all[distance] ?? 0) + 1
    if (labels[row] === label) relevant[distance] = (relevant[distance] ?? 0) + 1
  }
}

function checkLabels(codes: Uint8Array, labels: Uint8Array, bits: number): void {
  const numCodes = codes.length / bytesPerCode(bits)
  if (numCodes === labels.length) return
  throw new UserError(`${labels.length} labels do not go with ${codes.length} bytes of codes of ${bits} bits`)
}

/**
 * The codes as 32-bit words, padded with 0: an array with the first word of each code, one with the second, and so on.
 */
function wordsOf(codes: Uint8Array, bits: number): Int32Array[] {
  const rowBytes = bytesPerCode(bits)
  const numCodes = codes.length / rowBytes
  return Array.from({ length: Math.ceil(rowBytes / 4) }, (_, word) => {
    const words = new Int32Array(numCodes)
    for (let row = 0; row < numCodes; row++) {
      const [first, end] = [row * rowBytes + 4 * word, (row + 1) * rowBytes]
      for (let byte = first; byte < Math.min(first + 4, end); byte++) {
        words[row] = (words[row] ?? 0) | ((codes[byte] ?? 0) << (8 * (byte - first)))
      }
    }
    return words
  })
}
