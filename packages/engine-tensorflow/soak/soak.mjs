/**
 * Many short trainings on many threads, again and again: nothing may crash, stay, or grow.
 *
 *     node packages/engine-tensorflow/soak/soak.mjs [--workers 8] [--stages 50] [--rounds 20]
 *
 * The first rounds fill the allocator's pools; memory is compared between the end of the first half and the end.
 */
import {
  adam,
  matmul,
  mean,
  normal,
  parameter,
  relu,
  square,
  stage,
  sub,
  train,
} from '@gradpool/core'
import { tensorflowEngine } from '@gradpool/engine-tensorflow'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'

const STEPS = 40
const MOST_GROWTH_MB = 32

/** @returns resident MB after each round; throws where something is left or wrong */
export async function soak({ workers, stages, rounds, tell = () => {} }) {
  const engine = await tensorflowEngine({ workers })
  const threads = Array.from({ length: workers }, () => startThread(engine.workerModule))
  const residentMB = []
  try {
    for (let round = 0; round < rounds; round++) {
      let next = 0
      const work = async (thread) => {
        while (next < stages) await trainOne(engine, thread, next++)
      }
      await Promise.all(threads.map(work))
      residentMB.push(process.memoryUsage.rss() / 2 ** 20)
      tell(`round ${round + 1}: ${residentMB.at(-1).toFixed(0)} MB resident`)
    }
  } finally {
    await Promise.all(threads.map((thread) => thread.worker.terminate()))
    await engine.dispose()
  }
  return residentMB
}

async function trainOne(engine, thread, seed) {
  const fit = await engine.compile(training, { data, seed })
  const { outcome, error, numTensors, numModels } = await thread.run(fit.begin(STEPS))
  if (error !== undefined) throw new Error(error)
  const { status, lastLoss } = fit.finish(outcome)
  fit.dispose()
  if (status !== 'done' || !Number.isFinite(lastLoss)) throw new Error(`a span ended ${status}`)
  if (numTensors !== 0) throw new Error(`${numTensors} tensors are left`)
  if (numModels !== 1) throw new Error(`${numModels} models are held, where one was run`)
}

function startThread(workerModule) {
  const file = fileURLToPath(new URL('worker.mjs', import.meta.url))
  const worker = new Worker(file, { workerData: { workerModule }, execArgv: [] })
  let settle
  worker.on('message', (message) => settle.resolve(message))
  worker.on('error', (error) => settle.reject(error))
  const run = (task) =>
    new Promise((resolve, reject) => {
      settle = { resolve, reject }
      worker.postMessage(task)
    })
  return { worker, run }
}

const numExamples = 64
const x = Float32Array.from({ length: numExamples * 16 }, (_, i) => Math.sin(i))
const data = {
  fields: { x: { dtype: 'f32', shape: [16], values: x } },
  rows: Int32Array.from({ length: numExamples }, (_, row) => row),
}
const autoencoder = stage({
  params: { encoder: parameter([16, 8], normal(0.3)), decoder: parameter([8, 16], normal(0.3)) },
  step: ({ encoder, decoder }, batch) => ({
    loss: mean(square(sub(matmul(relu(matmul(batch.x, encoder)), decoder), batch.x))),
  }),
})
const training = train(autoencoder, { optimizer: adam({ learningRate: 0.01 }), batchSize: 8, data })

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const number = (name, fallback) => ({ [name]: { type: 'string', default: String(fallback) } })
  const { values } = parseArgs({
    options: { ...number('workers', 8), ...number('stages', 50), ...number('rounds', 20) },
  })
  const [workers, stages, rounds] = [values.workers, values.stages, values.rounds].map(Number)
  const residentMB = await soak({ workers, stages, rounds, tell: (line) => console.log(line) })
  const growth = residentMB.at(-1) - residentMB[Math.floor((rounds - 1) / 2)]
  console.log(`${growth.toFixed(1)} MB more at the end than after half of the rounds`)
  if (growth > MOST_GROWTH_MB) process.exitCode = 1
}
