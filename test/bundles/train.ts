/** A training on two threads. */
import { adam, arrays, fit, mlp } from 'gradpool'

export async function trained(): Promise<{ readonly hash: string; readonly accuracy: number }> {
  const image = Float32Array.from({ length: 2400 }, (_, i) => Math.sin(i * i))
  const label = Uint8Array.from({ length: 600 }, (_, row) => Number((image[4 * row] ?? 0) > 0))
  const data = arrays({ image: { values: image, shape: [4] }, label: { values: label, shape: [] } }, { test: 0.2 })
  const options = { optimizer: adam(0.01), batchSize: 32, microBatches: 4, epochs: 3, workers: 2 }
  await using fitted = await fit(mlp({ hidden: [16] }), { data, engine: 'wasm', ...options })
  const { accuracy } = await fitted.evaluate()
  return { hash: fitted.weightsHash, accuracy }
}
