/**
 * The order in which passes visit the rows of a split: as they stand, or a permutation for each epoch.
 *
 * A permutation is a function of the rows, the seed and the epoch, whatever memory rows are read into. That of a block
 * shuffle: blocks of `blockRows` consecutive rows, the last of which may have fewer, are shuffled as rows are
 * (`shuffled`, stream 0); from the first on, each `groupBlocks` of them make a group, the last of which may have fewer;
 * the rows of group g, from 0, in the order of its blocks, are shuffled (`shuffled`, stream g + 1).
 */
import type { BlockShuffle } from '../engine/dataset.js'
import { shuffled } from '../random/random.js'

/** `blocks` or `whole` shuffle. */
export type RowShuffle = BlockShuffle | boolean

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
    if (shuffle === true) return this.#orderOf(epoch, () => this.#rows).subarray(from, to)
    return this.#fromGroups(shuffle, epoch, from, to)
  }

  #fromGroups({ blockRows, groupBlocks }: BlockShuffle, epoch: number, from: number, to: number): Int32Array {
    const numBlocks = Math.ceil(this.#rows.length / blockRows)
    const blocks = this.#orderOf(epoch, () => Int32Array.from({ length: numBlocks }, (_, block) => block))
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
      this.#group = { epoch, index, rows: shuffled(rows, this.#seed, epoch, index + 1) }
    }
    return { rows: this.#group.rows, begin }
  }

  #orderOf(epoch: number, list: () => Int32Array): Int32Array {
    if (this.#epoch?.number !== epoch) {
      this.#epoch = undefined
      this.#epoch = { number: epoch, order: shuffled(list(), this.#seed, epoch) }
    }
    return this.#epoch.order
  }
}
