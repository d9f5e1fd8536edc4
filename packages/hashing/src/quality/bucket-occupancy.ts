/** How codes spread over their buckets: codes of equal bits are in one. */
import { bytesPerCode, checkBits } from '../pack-codes.js'

export interface BucketOccupancy {
  /** Buckets that hold anything. */
  readonly buckets: number
  /** Of these, such with one code. */
  readonly singles: number
  /** Codes in the largest. */
  readonly largest: number
  /** Codes in the bucket of a code, on average over codes: what a search in one bucket looks at. */
  readonly meanOfCode: number
}

/** @param codes packed codes (see `packCodes`), [n, bytes per code] */
export function bucketOccupancy(codes: Uint8Array, bits: number): BucketOccupancy {
  checkBits(bits)
  const rowBytes = bytesPerCode(bits)
  const sizes = new Map<string, number>()
  for (let start = 0; start < codes.length; start += rowBytes) {
    const bucket = String.fromCharCode(...codes.subarray(start, start + rowBytes))
    sizes.set(bucket, (sizes.get(bucket) ?? 0) + 1)
  }
  const numCodes = codes.length / rowBytes
  let [singles, largest, squares] = [0, 0, 0]
  for (const size of sizes.values()) {
    if (size === 1) singles++
    largest = Math.max(largest, size)
    squares += size * size
  }
  return {
    buckets: sizes.size,
    singles,
    largest,
    meanOfCode: numCodes === 0 ? 0 : squares / numCodes,
  }
}
