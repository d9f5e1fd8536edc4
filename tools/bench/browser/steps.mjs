// Microseconds a step, in Node and in a page: of epochs of a training on one thread, the fastest.
import { adam, arrays, autoencode, classify, fit } from 'gradpool'

const numRows = 6000
const data = arrays({
  image: { values: Uint8Array.from({ length: 784 * numRows }, (_, i) => (i * 7919) % 251), shape: [784] },
  label: { values: Uint8Array.from({ length: numRows }, (_, i) => i % 10), shape: [] },
})

const trainings = {
  'classifier 784-10-10, batches of 10': { model: classify({ hidden: [10] }), batchSize: 10 },
  'classifier 784-128-10, batches of 64': { model: classify({ hidden: [128] }), batchSize: 64 },
  'autoencoder 784-64-10-64-784, batches of 64': {
    model: autoencode({ encoder: [64, 10], decoder: [64, 784] }),
    batchSize: 64,
  },
}

/** By name. */
export async function measure() {
  const micros = {}
  for (const [name, { model, batchSize }] of Object.entries(trainings)) {
    const options = { data, batchSize, epochs: 8, optimizer: adam(0.001), engine: 'wasm', workers: 1 }
    const { history } = await fit(model, options)
    micros[name] = Math.min(...history.map(({ seconds }) => (1e6 * seconds) / Math.ceil(numRows / batchSize)))
  }
  return micros
}
