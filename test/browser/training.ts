/** Trainings with the same results in Node and in a page, which bundles this module. */
import { adam, arrays, classify, crossValidate, fit, loadModel, loadRows, mlp, startTraining } from 'gradpool'

/** `small` is faster on one thread; `wide` is trained on as many as there may be. */
export const sizes = {
  small: { numRows: 600, width: 4, hidden: 16, batchSize: 32, epochs: 6 },
  wide: { numRows: 1536, width: 512, hidden: 128, batchSize: 256, epochs: 2 },
} as const

export interface Trained {
  readonly hash: string
  readonly accuracy: number
  readonly estimate: readonly number[]
  /** Of the model saved to bytes and loaded from a Blob. */
  readonly again: readonly number[]
}

export async function train(size: keyof typeof sizes, workers: number): Promise<Trained> {
  const { numRows, width, hidden, batchSize, epochs } = sizes[size]
  const image = Float32Array.from({ length: width * numRows }, (_, i) => Math.fround((i * 2654435.761) % 2) - 1)
  const label = Uint8Array.from({ length: numRows }, (_, row) => Number((image[width * row] ?? 0) > 0))
  const fields = { image: { values: image, shape: [width] }, label: { values: label, shape: [] } }
  const data = arrays(fields, { validation: 0.1, test: 0.2 })
  const options = { optimizer: adam(0.01), batchSize, microBatches: 4, epochs, workers, engine: 'wasm' } as const
  await using fitted = await fit(mlp({ hidden: [hidden] }), { data, ...options })
  const { accuracy } = await fitted.evaluate()
  const rows = image.subarray(0, 40 * width)
  const { logits } = await fitted.predict({ image: rows })
  await using loaded = await loadModel(new Blob([Uint8Array.from(fitted.toBytes())]))
  const again = await loaded.predict({ image: rows })
  return {
    hash: fitted.weightsHash,
    accuracy,
    estimate: Array.from(logits),
    again: Array.from(again.logits ?? []),
  }
}

/** Other doors: rows of objects, batches from the caller, averaged replicas, a stream. Of each, what comes of it. */
export async function others(): Promise<Readonly<Record<string, unknown>>> {
  const rows = Array.from({ length: 90 }, (_, i) => ({ colour: i % 3 ? 'red' : 'blue', size: i % 7, kind: i % 2 }))
  const table = await loadRows(rows, { target: 'kind', categories: ['colour'], classes: true, splitBy: 'order' })
  const engine = 'wasm'
  await using byRows = await fit(classify({ field: 'x', hidden: [4] }), { data: table, epochs: 2, engine })
  const averaged = { averageParts: 3, averageEvery: 2, batchSize: 8, epochs: 2, workers: 3, engine } as const
  await using replicas = await fit(classify({ field: 'x', hidden: [4] }), { data: table, ...averaged })
  const fields = { image: { shape: [3] }, label: { shape: [], dtype: 'u8' } } as const
  await using trainer = await startTraining(mlp({ hidden: [5], classes: 2, input: 3 }), { fields, engine })
  const { loss } = await trainer.step({ image: [1, 2, 3, 4, 5, 6], label: [0, 1] })
  const { mean } = await crossValidate(classify({ field: 'x', hidden: [] }), {
    data: table,
    folds: 3,
    epochs: 2,
    engine,
  })
  const chunks: Uint8Array[] = []
  await byRows.save(new WritableStream<Uint8Array>({ write: (chunk) => void chunks.push(chunk) }))
  await using loaded = await loadModel(new Blob(chunks.map((chunk) => Uint8Array.from(chunk))))
  return { rows: byRows.weightsHash, replicas: replicas.weightsHash, loss, mean, saved: loaded.hash }
}
