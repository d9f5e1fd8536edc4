/**
 * What `fit` costs over the bare engine: steps per second of both, for the benchmark networks.
 *
 *     node packages/trainer/bench/overhead.mjs [engine, native] [seconds, 2] [rounds, 5]
 *
 * Both train on one worker, `fit` in a thread of its own, its start and its end left out: its speed
 * is that of the epochs after the first.
 */
import { nativeEngine, wasmEngine } from '@gradpool/engine-cpu'
import { adam } from '@gradpool/core'
import { train } from '@gradpool/core/engine'
import { fit } from '@gradpool/trainer'
import { makeData, workloads } from '../../../tools/bench/workloads.mjs'
import { fieldsOf, modelOf } from './networks.mjs'

const [name = 'native', seconds = '2', rounds = '5'] = process.argv.slice(2)
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]

for (const workload of workloads) {
  const { numExamples, batchSize, layers } = workload
  const model = modelOf(workload)
  const values = makeData(workload)
  const fields = fieldsOf(workload, values)
  const stepsPerEpoch = numExamples / batchSize

  const engine = await (name === 'wasm' ? wasmEngine() : nativeEngine())
  const rows = Int32Array.from({ length: numExamples }, (_, row) => row)
  const data = {
    fields: {
      image: { dtype: 'u8', shape: [layers[0]], values: values.pixels },
      label: { dtype: 'u8', shape: [], values: values.labels },
    },
    rows,
  }
  const program = train(model, { optimizer: adam(), batchSize, data, epochs: 1000 })
  const execution = await engine.compile(program, { data, seed: 0 })
  const bare = async (steps) => {
    const started = performance.now()
    await execution.run({ steps })
    return (performance.now() - started) / steps
  }
  await bare(stepsPerEpoch)
  const epochs = 2 + Math.ceil((1000 * Number(seconds)) / (await bare(stepsPerEpoch)) / stepsPerEpoch)

  const whole = async () => {
    const ends = []
    const options = { data: fields, batchSize, epochs, optimizer: adam(), workers: 1, engine: name }
    await fit(model, { ...options, onEpoch: () => ends.push(performance.now()) })
    return (ends.at(-1) - ends[0]) / ((epochs - 1) * stepsPerEpoch)
  }
  const times = { bare: [], whole: [] }
  for (let round = 0; round < Number(rounds); round++) {
    times.bare.push(await bare((epochs - 1) * stepsPerEpoch))
    times.whole.push(await whole())
  }
  const [one, other] = [median(times.bare), median(times.whole)]
  console.log(
    `${workload.name}, ${name}: bare ${(1000 / one).toFixed(0)} steps/s, fit ${(1000 / other).toFixed(0)} steps/s, ` +
      `${(100 * (other / one - 1)).toFixed(1)} % slower`,
  )
  await engine.dispose()
}
