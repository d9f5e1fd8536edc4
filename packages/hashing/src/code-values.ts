/**
 * The real-valued codes that an index keeps to rank by: as they came (f32), or quantised to a byte each (u8).
 *
 * A value v is quantised to q = min(255, floor(256 v)) and stands for (q + 1/2) / 256 from then on. Since 0.5 becomes
 * 128, the bits of a code can be had from either form.
 */
import { Column } from './column.js'
import { packAtLeast } from './pack-codes.js'

/** What an index keeps of the real-valued codes. */
export type ValueKind = 'f32' | 'u8' | 'none'

export const VALUE_KINDS: readonly ValueKind[] = ['f32', 'u8', 'none']

/** As they are kept, row-major [n, bits]. */
export type StoredValues = Float32Array | Uint8Array

export class CodeValues {
  readonly #bits: number
  readonly #column: Column<Float32Array> | Column<Uint8Array>

  constructor(bits: number, values: StoredValues) {
    this.#bits = bits
    this.#column = values instanceof Float32Array ? new Column<Float32Array>(values) : new Column<Uint8Array>(values)
  }

  append(codes: Float32Array): void {
    if (this.#column.values instanceof Float32Array) {
      ;(this.#column as Column<Float32Array>).append(codes)
    } else {
      ;(this.#column as Column<Uint8Array>).append(quantised(codes))
    }
  }

  get stored(): StoredValues {
    return this.#column.values
  }

  /**
   * The squared distances between a query, [bits], and the values of some rows, each summed in float64 in ascending
   * order.
   *
   * @param near rows, each with something else behind it, [n, 2]
   * @returns [n]
   */
  squaredDistances(query: Float32Array, near: ArrayLike<number>): Float64Array {
    const distances = new Float64Array(near.length / 2)
    const values = this.#column.values
    // The same loop twice, for each type of array one that the compiler can know.
    if (values instanceof Float32Array) {
      for (let at = 0; at < distances.length; at++) {
        const start = (near[2 * at] ?? 0) * this.#bits
        let sum = 0
        for (let bit = 0; bit < query.length; bit++) {
          const difference = (query[bit] ?? NaN) - (values[start + bit] ?? NaN)
          sum += difference * difference
        }
        distances[at] = sum
      }
    } else {
      for (let at = 0; at < distances.length; at++) {
        const start = (near[2 * at] ?? 0) * this.#bits
        let sum = 0
        for (let bit = 0; bit < query.length; bit++) {
          const difference = (query[bit] ?? NaN) - ((values[start + bit] ?? NaN) + 0.5) / 256
          sum += difference * difference
        }
        distances[at] = sum
      }
    }
    return distances
  }
}

/** The packed bits of values as they are kept. */
export function packStored(values: StoredValues, bits: number): Uint8Array {
  return packAtLeast(values, bits, values instanceof Float32Array ? 0.5 : 128)
}

function quantised(codes: Float32Array): Uint8Array {
  const values = new Uint8Array(codes.length)
  for (let at = 0; at < codes.length; at++) {
    values[at] = Math.min(255, Math.floor(256 * (codes[at] ?? 0)))
  }
  return values
}
