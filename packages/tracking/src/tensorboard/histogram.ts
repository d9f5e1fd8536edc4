/** Histograms of weights. */
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { HistogramProtoSchema } from './tensorboard_pb.js'

const BUCKETS = 64

/** Buckets of equal width from the least value to the greatest; what is not finite is left out. */
export function histogramOf(values: Float32Array): MessageInitShape<typeof HistogramProtoSchema> | undefined {
  let [min, max, num, sum, sumSquares] = [Infinity, -Infinity, 0, 0, 0]
  for (const value of values) {
    if (!Number.isFinite(value)) continue
    min = Math.min(min, value)
    max = Math.max(max, value)
    num++
    sum += value
    sumSquares += value * value
  }
  if (num === 0) return undefined
  const count = max > min ? BUCKETS : 1
  const width = (max - min) / count
  const bucket = Array.from({ length: count }, () => 0)
  for (const value of values) {
    if (!Number.isFinite(value)) continue
    const at = width > 0 ? Math.min(count - 1, Math.floor((value - min) / width)) : 0
    bucket[at] = (bucket[at] ?? 0) + 1
  }
  const bucketLimit = bucket.map((_, at) => (at === count - 1 ? max : min + (at + 1) * width))
  return { min, max, num, sum, sumSquares, bucketLimit, bucket }
}
