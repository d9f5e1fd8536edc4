/**
 * The rows of a training's epochs as bytes, in memory as in a file, so that very many take little
 * of either: of each epoch, from the first on, its values as f64, little-endian, in the order of
 * the columns. All rows have the same columns.
 */
import { type MetricValue } from '@gradpool/core'
import { invariant } from '@gradpool/core/engine'
import { isMatrix, namesIn, numbersOf, rowOf, valueAt, type EpochRow } from '../metrics/epoch-row.js'

const VALUE_BYTES = 8

/** A value of each row: a number, or a matrix of this shape, row-major. */
export interface Column {
  /** `seconds`, `loss`, `validation.accuracy`, … */
  readonly name: string
  readonly shape?: readonly [number, number]
}

export class EpochRows implements Iterable<EpochRow> {
  #columns: readonly Column[]
  /** Bytes of a row. */
  #size: number
  #bytes: Uint8Array
  #length: number

  /** @param bytes Those of whole rows. */
  constructor(columns: readonly Column[] = [], bytes: Uint8Array = new Uint8Array()) {
    this.#columns = columns
    this.#size = rowBytes(columns)
    this.#bytes = bytes
    this.#length = columns.length === 0 ? 0 : bytes.length / this.#size
  }

  get length(): number {
    return this.#length
  }

  /** None before the first row. */
  get columns(): readonly Column[] {
    return this.#columns
  }

  /** The row of the next epoch. */
  push(row: EpochRow): void {
    if (this.#length === 0) {
      this.#columns = columnsOf(row)
      this.#size = rowBytes(this.#columns)
    }
    const values = this.#columns.flatMap(({ name }) => numbersOf(valueAt(row, name) ?? []))
    invariant(values.length * VALUE_BYTES === this.#size, 'all epochs have the same metrics')
    const start = this.#length * this.#size
    if (start === this.#bytes.length) {
      const more = new Uint8Array(2 * start + this.#size)
      more.set(this.#bytes)
      this.#bytes = more
    }
    const view = viewOf(this.#bytes)
    for (const [i, value] of values.entries()) view.setFloat64(start + i * VALUE_BYTES, value, true)
    this.#length++
  }

  /** Those of now, without a copy: rows are added and never changed. */
  snapshot(): EpochRows {
    return new EpochRows(this.#columns, this.bytesFrom(0))
  }

  /** Of the rows after so many. */
  bytesFrom(numRows: number): Uint8Array {
    return this.#bytes.subarray(numRows * this.#size, this.#length * this.#size)
  }

  *[Symbol.iterator](): Iterator<EpochRow> {
    let at = 0
    const view = viewOf(this.#bytes)
    const next = () => view.getFloat64(VALUE_BYTES * at++, true)
    for (let row = 0; row < this.#length; row++) {
      const values = this.#columns.map(({ name, shape }): [string, MetricValue] => {
        if (shape === undefined) return [name, next()]
        const [rows, columns] = shape
        return [name, Array.from({ length: rows }, () => Array.from({ length: columns }, next))]
      })
      yield rowOf(row + 1, new Map(values))
    }
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}

export function rowBytes(columns: readonly Column[]): number {
  return VALUE_BYTES * columns.reduce((sum, { shape: [rows, each] = [1, 1] }) => sum + rows * each, 0)
}

function columnsOf(row: EpochRow): Column[] {
  return namesIn(row).map((name) => {
    const value = valueAt(row, name)
    return isMatrix(value) ? { name, shape: [value.length, value[0]?.length ?? 0] } : { name }
  })
}
