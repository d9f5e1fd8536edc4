/** A few test examples as the trained stage sees them. */
import type { StagePlan } from '@gradpool/experiments'
import type { Sample } from './run-result.js'

/**
 * @param predictions `estimate` [samples] and `reconstruction` [samples, pixels], each where the stage predicts it
 */
export function samplesOf(
  { samples, predictions: pass }: StagePlan,
  predictions: Readonly<Record<string, Float32Array>>,
): Sample[] {
  if (samples === undefined || pass === undefined) return []
  const { labels, imageShape } = samples
  const { data } = pass
  const { estimate, reconstruction } = predictions
  const numPixels = imageShape[0] * imageShape[1]
  const pixels = data.fields.image?.values ?? new Uint8Array()
  return labels.map((truth, i) => {
    const row = data.rows[i] ?? 0
    const place = i * numPixels
    return {
      image: Array.from(pixels.subarray(row * numPixels, (row + 1) * numPixels)),
      imageShape,
      truth,
      ...(estimate && { estimate: estimate[i] ?? 0 }),
      ...(reconstruction && {
        reconstruction: Array.from(reconstruction.subarray(place, place + numPixels), rounded),
      }),
    }
  })
}

/** A tenth of a grey level is more than anyone sees. */
function rounded(value: number): number {
  return Math.round(value * 10) / 10
}
