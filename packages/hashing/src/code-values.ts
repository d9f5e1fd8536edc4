/**
 * The real-valued codes that an index keeps for ranking: unchanged (f32), or quantised to one byte per element (u8).
 *
 * A value v is quantised to q = min(255, floor(256 v)), which is read back as (q + 1/2) / 256. Since 0.5 becomes 128,
 * the bits of a code follow from either form.
 */
import { Column } from './column.js'
import { packAtLeast } from './pack-codes.js'

/** How an index keeps the real-valued codes; `none`: it does not. */
export type ValueKind = 'f32' | 'u8' | 'none'

export const VALUE_KINDS: readonly ValueKind[] = ['f32', 'u8', 'none']

/** Row-major [n, bits]. */
export type StoredValues = Float32Array | Uint8Array

export class CodeValues {
  readonly #bits: number
  readonly #column: Column<StoredValues>

  constructor(bits: number, values: StoredValues) {
    this.#bits = bits
    this.#column = new Column(values)
  }

  append(codes: Float32Array): void {
    this.#column.append(this.stored instanceof Float32Array ? codes : quantised(codes))
  }

  get stored(): StoredValues {
    return this.#column.values
  }

  /**
   * The squared distances between a query, [bits], and the values of some rows. Each is summed in float64, in the order
   * of the elements.
   *
   * @param near row numbers, each followed by another number, [n, 2]
   * @returns [n]
   */
  squaredDistances(query: Float32Array, near: ArrayLike<number>): Float64Array {
    const distances = new Float64Array(near.length / 2)
    const values = this.stored
    const [offset, scale] = values instanceof Float32Array ? [0, 1] : [0.5, 1 / 256]
    for (let at = 0; at < distances.length; at++) {
      const start = (near[2 * at] ?? 0) * this.#bits
      let sum = 0
      for (let bit = 0; bit < query.length; bit++) {
        const difference = (query[bit] ?? NaN) - ((values[start + bit] ?? NaN) + offset) * scale
        sum += difference * difference
      }
      distances[at] = sum
    }
    return distances
  }
}

/** The packed bits of stored values. */
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
