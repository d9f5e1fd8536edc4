/** The packed codes of a collection with their labels, and the search for those near a query by Hamming distance. */
import { Column } from './column.js'
import { bytesPerCode } from './pack-codes.js'

/** The label of what has none. */
export const NO_LABEL = 255

export interface NearRow {
  readonly row: number
  readonly hamming: number
}

export interface Bounds {
  /** Rows that are farther than the k nearest, and not as near as the k-th, are left out. */
  readonly k: number
  /** Rows farther than this are left out. */
  readonly radius: number
  /** Which labels may be found, [256]; all where undefined. */
  readonly allowed: Uint8Array | undefined
}

export class PackedCodes {
  readonly #rowBytes: number
  readonly #codes: Column<Uint8Array>
  readonly #labels: Column<Uint8Array>

  constructor(bits: number, codes: Uint8Array, labels: Uint8Array) {
    this.#rowBytes = bytesPerCode(bits)
    this.#codes = new Column(codes)
    this.#labels = new Column(labels)
  }

  /** @param codes [n, bytes per code] @param labels [n], NO_LABEL for none */
  append(codes: Uint8Array, labels: Uint8Array): void {
    this.#codes.append(codes)
    this.#labels.append(labels)
  }

  get codes(): Uint8Array {
    return this.#codes.values
  }

  get labels(): Uint8Array {
    return this.#labels.values
  }

  /** The rows at most as far from a packed query as the k-th nearest of them, in no order. */
  near(query: Uint8Array, { k, radius, allowed }: Bounds): NearRow[] {
    const codes = this.codes
    const found: NearRow[] = []
    this.labels.forEach((label, row) => {
      if (allowed?.[label] === 0) return
      let hamming = 0
      for (let byte = 0; byte < this.#rowBytes; byte++) {
        hamming += countBits((query[byte] ?? 0) ^ (codes[row * this.#rowBytes + byte] ?? 0))
      }
      if (hamming <= radius) found.push({ row, hamming })
    })
    found.sort((a, b) => a.hamming - b.hamming)
    const farthest = found[k - 1]?.hamming ?? Infinity
    return found.filter(({ hamming }) => hamming <= farthest)
  }
}

function countBits(byte: number): number {
  let count = 0
  for (let rest = byte; rest > 0; rest &= rest - 1) count++
  return count
}
