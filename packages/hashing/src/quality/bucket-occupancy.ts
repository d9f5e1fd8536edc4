/** How codes are distributed over buckets: equal codes are in one bucket. */
import { bytesPerCode, checkBits } from '../pack-codes.js'

export interface BucketOccupancy {
  /** Buckets that are not empty. */
  readonly buckets: number
  /** Of these, buckets with a single code. */
  readonly singles: number
  /** Codes in the largest bucket. */
  readonly largest: number
  /** The mean over codes of the size of the code's bucket, which a search by bucket has to rank. */
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
