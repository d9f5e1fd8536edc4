/** A page that trains, as one writes it: what its tests call is in `window.page`. */
import { adam, arrays, autoencode, fit, loadModel, locateFiles, mlp, mnist, UserError } from 'gradpool'

locateFiles({
  'gradpool-worker.js': new URL('./gradpool-worker.js', import.meta.url),
  'kernels.wasm': new URL('./kernels.wasm', import.meta.url),
})

/** The same numbers in Node and in a page. */
export function data(numRows = 600) {
  const image = Float32Array.from({ length: 4 * numRows }, (_, i) => ((i * i * 7919) % 1024) / 512 - 1)
  const label = Uint8Array.from({ length: numRows }, (_, row) => Number((image[4 * row] ?? 0) > 0))
  return arrays({ image: { values: image, shape: [4] }, label: { values: label, shape: [] } }, { test: 0.2 })
}

export interface Trained {
  readonly hash: string
  readonly accuracy: number
  readonly estimate: readonly number[]
  /** Of the model that was saved, loaded again. */
  readonly again: readonly number[]
}

export async function train(workers = 1): Promise<Trained> {
  const options = { optimizer: adam(0.01), batchSize: 32, microBatches: 4, epochs: 6, workers, engine: 'wasm' } as const
  await using fitted = await fit(mlp({ hidden: [16] }), { data: data(), ...options })
  const { accuracy } = await fitted.evaluate()
  const image = Float32Array.of(0.5, 0, 0, 0, -0.5, 0, 0, 0)
  const { estimate } = await fitted.predict({ image })
  const loaded = await loadModel(new Blob([Uint8Array.from(fitted.toBytes())]))
  const again = await loaded.predict({ image })
  return {
    hash: fitted.weightsHash,
    accuracy,
    estimate: Array.from(estimate),
    again: Array.from(again['estimate'] ?? []),
  }
}

export { adam, autoencode, fit, mnist, UserError }
