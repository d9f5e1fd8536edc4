/**
 * The rows of a stage's epochs as bytes, in memory as in a file, so that very many take little of either: of each epoch,
 * from the first on, its cost, accuracy, validation and seconds as f64, little-endian. NaN stands for null.
 */
import type { EpochRow } from '../runs/run-result.js'

const VALUE_BYTES = 8
export const ROW_BYTES = 4 * VALUE_BYTES

export class EpochRows implements Iterable<EpochRow> {
  #bytes: Buffer
  #length: number

  /** @param bytes Those of whole rows. */
  constructor(bytes: Buffer = Buffer.alloc(0)) {
    this.#bytes = bytes
    this.#length = bytes.length / ROW_BYTES
  }

  get length(): number {
    return this.#length
  }

  /** The row of the next epoch. */
  push({ cost, accuracy, validation, seconds }: Omit<EpochRow, 'epoch'>): void {
    const start = this.#length * ROW_BYTES
    if (start === this.#bytes.length) {
      this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(start + ROW_BYTES)])
    }
    const values = [cost, accuracy ?? NaN, validation ?? NaN, seconds]
    values.forEach((value, i) => this.#bytes.writeDoubleLE(value, start + i * VALUE_BYTES))
    this.#length++
  }

  /** Those of now, without a copy: rows are added and never changed. */
  snapshot(): EpochRows {
    return new EpochRows(this.bytesFrom(0))
  }

  /** Of the rows after so many. */
  bytesFrom(numRows: number): Buffer {
    return this.#bytes.subarray(numRows * ROW_BYTES, this.#length * ROW_BYTES)
  }

  *[Symbol.iterator](): Iterator<EpochRow> {
    for (let row = 0; row < this.#length; row++) {
      const value = (i: number) => this.#bytes.readDoubleLE(row * ROW_BYTES + i * VALUE_BYTES)
      yield {
        epoch: row + 1,
        cost: value(0),
        accuracy: orNull(value(1)),
        validation: orNull(value(2)),
        seconds: value(3),
      }
    }
  }
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value
}
