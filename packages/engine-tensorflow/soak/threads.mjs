// Worker threads that run chunks, and a small training for them.
import { adam, matmul, mean, normal, parameter, relu, square, defineModel, sub } from '@gradpool/core'
import { train } from '@gradpool/core/engine'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'

/**
 * `run` executes a chunk there, and fulfils with what the worker tells after it; without one it
 * collects garbage.
 */
export function startThread(workerModule) {
  const file = fileURLToPath(new URL('worker.mjs', import.meta.url))
  const worker = new Worker(file, { workerData: { workerModule }, execArgv: [] })
  let settle
  worker.on('message', (message) => {
    if (message.error === undefined) settle.resolve(message)
    else settle.reject(new Error(message.error))
  })
  worker.on('error', (error) => settle.reject(error))
  const run = (task) =>
    new Promise((resolve, reject) => {
      settle = { resolve, reject }
      worker.postMessage(task)
    })
  return { run, end: () => worker.terminate() }
}

const numExamples = 64
const x = Float32Array.from({ length: numExamples * 16 }, (_, i) => Math.sin(i))
export const data = {
  fields: { x: { dtype: 'f32', shape: [16], values: x } },
  rows: Int32Array.from({ length: numExamples }, (_, row) => row),
}
const autoencoder = defineModel({
  params: { encoder: parameter([16, 8], normal(0.3)), decoder: parameter([8, 16], normal(0.3)) },
  step: ({ encoder, decoder }, batch) => ({
    loss: mean(square(sub(matmul(relu(matmul(batch.x, encoder)), decoder), batch.x))),
  }),
})
export const training = train(autoencoder, {
  optimizer: adam({ learningRate: 0.01 }),
  batchSize: 8,
  data,
})
