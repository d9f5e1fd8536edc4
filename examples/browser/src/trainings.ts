/** The two trainings, the same in a page and in Node: `prepare.mjs` runs them there, and the page compares. */
import { adam, arrays, autoencode, classify, cosine, fit, type StepProgress } from 'gradpool'

/** One after the other, 28 × 28 bytes each. */
interface Images {
  readonly images: Uint8Array
  readonly labels: Uint8Array
}

export interface Mnist {
  readonly train: Images
  readonly test: Images
}

export interface Watching {
  /** The most Web Workers. Default: one for each core. */
  readonly workers?: number
  readonly signal?: AbortSignal
  readonly onStep?: (progress: StepProgress) => void
  readonly onEpoch?: (row: EpochRow) => void
}

/** What is drawn of an epoch. */
export interface EpochRow {
  readonly epoch: number
  readonly loss: number
  readonly accuracy: number
  readonly validation?: { readonly loss: number; readonly accuracy: number }
}

/** The network of `mnist_mlp_all`, as its preset `tuned` has it. */
const digits = classify({ hidden: [10], weight: 'glorotUniform', activation: 'tanh', scale: 1 / 255 })

/** The autoencoder of `mnist_auto_2`: 784 numbers become 10, and 784 again. */
const autoencoder = autoencode({
  encoder: [64, 10],
  decoder: [64, 784],
  weight: 'glorotUniform',
  activation: 'tanh',
  codeActivation: 'linear',
  scale: 1 / 255,
})

export const epochs = { digits: 8, autoencoder: 4 } as const

function dataOf({ train, test }: Mnist) {
  const fieldsOf = ({ images, labels }: Images) => ({
    image: { values: images, shape: [28, 28] },
    label: { values: labels, shape: [] },
  })
  return arrays(fieldsOf(train), { name: 'mnist', validation: 0.1, test: arrays(fieldsOf(test), { name: 'mnist' }) })
}

/** Its steps are too short to share: four parts of the images train apart, and their weights are averaged. */
export function trainDigits(mnist: Mnist, watching: Watching = {}) {
  return fit(digits, {
    data: dataOf(mnist),
    optimizer: adam({ learningRate: cosine(0.003) }),
    batchSize: 32,
    epochs: epochs.digits,
    averageParts: 4,
    averageEvery: 64,
    ...optionsOf(watching),
  })
}

/** Each step is shared by all threads. */
export function trainAutoencoder(mnist: Mnist, watching: Watching = {}) {
  return fit(autoencoder, {
    data: dataOf(mnist),
    optimizer: adam({ learningRate: cosine(0.003) }),
    batchSize: 128,
    microBatches: 4,
    epochs: epochs.autoencoder,
    ...optionsOf(watching),
  })
}

export type Digits = Awaited<ReturnType<typeof trainDigits>>
export type Autoencoder = Awaited<ReturnType<typeof trainAutoencoder>>

function optionsOf({ workers, signal, onStep, onEpoch }: Watching) {
  return {
    seed: 1,
    ...(workers !== undefined && { workers }),
    ...(signal && { signal }),
    ...(onStep && { onStep }),
    onEpoch: ({ row }: { readonly row: EpochRow }) => onEpoch?.(row),
  }
}

/** Loads all that a training needs: kernels, and the modules of threads. So the page is whole when there is no net. */
export async function loadAll(): Promise<void> {
  const data = arrays({ image: { values: new Float32Array(4), shape: [2] }, label: Uint8Array.of(0, 1) })
  const fitted = await fit(classify({ hidden: [2] }), { data, epochs: 1, onWarning: () => undefined })
  await fitted.dispose()
}
