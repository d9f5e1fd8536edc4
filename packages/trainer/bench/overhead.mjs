/**
 * What `fit` costs over the bare engine: steps per second of both, for the benchmark networks.
 *
 *     node packages/trainer/bench/overhead.mjs [engine, native] [seconds, 1] [rounds, 9]
 *
 * Each round compiles both anew and trains each in a thread of its own, one after the other, in changing order: memory
 * that is older or placed otherwise can make a step several percent faster. The start is left out of both: the speed
 * is that of the epochs after the first. Told is the median of the rounds' ratios, and their range.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { nativeEngine, wasmEngine } from '@gradpool/engine-cpu'
import { adam } from '@gradpool/core'
import { train } from '@gradpool/core/engine'
import { fit } from '@gradpool/trainer'
import { makeData, workloads } from '../../../tools/bench/workloads.mjs'
import { fieldsOf, modelOf } from './networks.mjs'

/** Milliseconds a step takes when the engine alone trains `epochs` epochs after a first one. */
const trainBare = async (name, workload, epochs) => {
  const { numExamples, batchSize, layers } = workload
  const values = makeData(workload)
  const data = {
    fields: {
      image: { dtype: 'u8', shape: [layers[0]], values: values.pixels },
      label: { dtype: 'u8', shape: [], values: values.labels },
    },
    rows: Int32Array.from({ length: numExamples }, (_, row) => row),
  }
  const stepsPerEpoch = numExamples / batchSize
  const engine = await (name === 'wasm' ? wasmEngine() : nativeEngine())
  const program = train(modelOf(workload), { optimizer: adam(), batchSize, data, epochs: epochs + 1 })
  const execution = await engine.compile(program, { data, seed: 0 })
  await execution.run({ steps: stepsPerEpoch })
  const started = performance.now()
  await execution.run({ steps: epochs * stepsPerEpoch })
  const milliseconds = (performance.now() - started) / (epochs * stepsPerEpoch)
  await engine.dispose()
  return milliseconds
}

/** The same, in a thread of its own. */
const bare = (name, workload, epochs) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { name, workload, epochs } })
    worker.once('message', resolve)
    worker.once('error', reject)
  })

/** Milliseconds a step takes under `fit`, whose thread trains `epochs` epochs after a first one. */
const whole = async (name, workload, epochs) => {
  const { numExamples, batchSize } = workload
  const ends = []
  const options = { batchSize, epochs: epochs + 1, optimizer: adam(), workers: 1, engine: name }
  const data = fieldsOf(workload, makeData(workload))
  await fit(modelOf(workload), { ...options, data, onEpoch: () => ends.push(performance.now()) })
  return (ends.at(-1) - ends[0]) / ((epochs * numExamples) / batchSize)
}

const compare = async ([name = 'native', seconds = '1', rounds = '9']) => {
  const middle = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
  for (const workload of workloads) {
    const stepsPerEpoch = workload.numExamples / workload.batchSize
    const epochs = 1 + Math.ceil((1000 * Number(seconds)) / (await bare(name, workload, 10)) / stepsPerEpoch)
    const times = []
    for (let round = 0; round < Number(rounds); round++) {
      const time = {}
      for (const kind of round % 2 === 0 ? ['bare', 'whole'] : ['whole', 'bare'])
        time[kind] = await { bare, whole }[kind](name, workload, epochs)
      times.push(time)
    }
    const ratios = times.map(({ bare, whole }) => 100 * (whole / bare - 1))
    const speed = (kind) => (1000 / middle(times.map((time) => time[kind]))).toFixed(0)
    console.log(
      `${workload.name}, ${name}, ${epochs} epochs: bare ${speed('bare')} steps/s, fit ${speed('whole')} steps/s, ` +
        `${middle(ratios).toFixed(1)} % slower (${Math.min(...ratios).toFixed(1)} to ${Math.max(...ratios).toFixed(1)})`,
    )
  }
}

if (isMainThread) await compare(process.argv.slice(2))
else {
  const { name, workload, epochs } = workerData
  parentPort.postMessage(await trainBare(name, workload, epochs))
}
