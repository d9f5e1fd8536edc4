/**
 * The order in which passes visit the rows of a split: as they stand, or a permutation for each epoch.
 *
 * A permutation is a function of the rows, the seed and the epoch, whatever memory rows are read into. That of a block
 * shuffle: blocks of `blockRows` consecutive rows, the last of which may have fewer, are shuffled as rows are
 * (`shuffled`, stream 0); from the first on, each `groupBlocks` of them make a group, the last of which may have fewer;
 * the rows of group g, from 0, in the order of its blocks, are shuffled (`shuffled`, stream g + 1).
 *
 * That of a shuffle by length: the rows are shuffled (stream 0); those that fill no batch stay at the end; the others
 * are cut into pools of `poolRows`, each is sorted by length, equal lengths in their shuffled order, and cut into
 * batches; the batches of all pools are shuffled (stream 1). With pools as large as the data, all batches are of
 * neighbours in the order of lengths.
 */
import type { BlockShuffle, Split } from '../engine/dataset.js'
import { UserError } from '../errors.js'
import { shuffled } from '../random/random.js'
import type { BatchProgram } from './batch-program.js'

/** A shuffle by length, with the lengths. */
export interface LengthOrder {
  /** Of the rows, in their order. */
  readonly lengths: Int32Array
  readonly poolRows: number
  readonly batchSize: number
}

/** `blocks`, by length, or `whole` shuffle. */
export type RowShuffle = BlockShuffle | LengthOrder | boolean

/** How a pass visits the rows of a split. @throws UserError where the lengths that it goes by are not there */
export function rowShuffleOf(
  { fields, rows, reading }: Split,
  { shuffle, batchSize }: Pick<BatchProgram, 'shuffle' | 'batchSize'>,
): RowShuffle {
  const order = reading?.shuffle
  if (!shuffle || order === undefined) return shuffle
  if (!('byLength' in order)) return order
  const field = fields[order.byLength]
  if (field === undefined || field.dtype === 'f32' || field.shape.length > 0) {
    throw new UserError(`shuffle.byLength needs the field '${order.byLength}', one whole number a row`)
  }
  const { values } = field
  // Threads are sent it without a copy.
  const lengths = new Int32Array(new SharedArrayBuffer(4 * rows.length))
  for (let place = 0; place < rows.length; place++) lengths[place] = values[rows[place] ?? 0] ?? 0
  return { lengths, poolRows: order.poolBatches * batchSize, batchSize }
}

export class RowOrder {
  readonly #rows: Int32Array
  readonly #seed: number
  readonly #shuffle: RowShuffle
  #epoch: { readonly number: number; readonly order: Int32Array } | undefined
  #group: { readonly epoch: number; readonly index: number; readonly rows: Int32Array } | undefined

  constructor(rows: Int32Array, seed: number, shuffle: RowShuffle) {
    this.#rows = rows
    this.#seed = seed
    this.#shuffle = shuffle
  }

  /** The rows at the places from `from` to before `to` of an epoch; not to be written to. */
  slice(epoch: number, from: number, to: number): Int32Array {
    const shuffle = this.#shuffle
    if (shuffle === false) return this.#rows.subarray(from, to)
    if (shuffle === true) return this.#orderOf(epoch, () => this.#shuffled(this.#rows, epoch)).subarray(from, to)
    if ('lengths' in shuffle) return this.#orderOf(epoch, () => this.#byLength(shuffle, epoch)).subarray(from, to)
    return this.#fromGroups(shuffle, epoch, from, to)
  }

  #byLength({ lengths, poolRows, batchSize }: LengthOrder, epoch: number): Int32Array {
    const places = this.#shuffled(counted(lengths.length), epoch)
    const numBatches = Math.floor(places.length / batchSize)
    const inBatches = numBatches * batchSize
    const sorted = places.slice()
    for (let begin = 0; begin < inBatches; begin += poolRows) {
      const pool = places.subarray(begin, Math.min(begin + poolRows, inBatches))
      const lengthAt = (at: number) => lengths[pool[at] ?? 0] ?? 0
      const order = counted(pool.length).sort((a, b) => lengthAt(a) - lengthAt(b) || a - b)
      order.forEach((at, i) => (sorted[begin + i] = pool[at] ?? 0))
    }
    const rows = sorted.map((place) => this.#rows[place] ?? 0)
    const order = rows.slice()
    this.#shuffled(counted(numBatches), epoch, 1).forEach((batch, i) => {
      order.set(rows.subarray(batch * batchSize, (batch + 1) * batchSize), i * batchSize)
    })
    return order
  }

  #shuffled(rows: Int32Array, epoch: number, stream = 0): Int32Array {
    return shuffled(rows, this.#seed, epoch, stream)
  }

  #fromGroups({ blockRows, groupBlocks }: BlockShuffle, epoch: number, from: number, to: number): Int32Array {
    const numBlocks = Math.ceil(this.#rows.length / blockRows)
    const blocks = this.#orderOf(epoch, () => this.#shuffled(counted(numBlocks), epoch))
    const groupRows = groupBlocks * blockRows
    const slice = new Int32Array(to - from)
    // One block has fewer rows, so a group may begin that much earlier.
    for (let index = Math.floor(from / groupRows), at = from; at < to; index++) {
      const { rows, begin } = this.#groupAt(blocks, { blockRows, groupBlocks }, epoch, index)
      const end = Math.min(to, begin + rows.length)
      if (end <= at) continue
      slice.set(rows.subarray(at - begin, end - begin), at - from)
      at = end
    }
    return slice
  }

  #groupAt(blocks: Int32Array, { blockRows, groupBlocks }: BlockShuffle, epoch: number, index: number) {
    const first = index * groupBlocks
    const lacking = Math.ceil(this.#rows.length / blockRows) * blockRows - this.#rows.length
    const isAfterShort = lacking > 0 && blocks.subarray(0, first).includes(blocks.length - 1)
    const begin = first * blockRows - (isAfterShort ? lacking : 0)
    if (this.#group?.epoch !== epoch || this.#group.index !== index) {
      const own = blocks.subarray(first, first + groupBlocks)
      const parts = Array.from(own, (block) => this.#rows.subarray(block * blockRows, (block + 1) * blockRows))
      const rows = new Int32Array(parts.reduce((sum, { length }) => sum + length, 0))
      let end = 0
      for (const part of parts) {
        rows.set(part, end)
        end += part.length
      }
      this.#group = { epoch, index, rows: this.#shuffled(rows, epoch, index + 1) }
    }
    return { rows: this.#group.rows, begin }
  }

  #orderOf(epoch: number, make: () => Int32Array): Int32Array {
    if (this.#epoch?.number !== epoch) {
      this.#epoch = undefined
      this.#epoch = { number: epoch, order: make() }
    }
    return this.#epoch.order
  }
}

/** 0 … count - 1 */
function counted(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => i)
}
