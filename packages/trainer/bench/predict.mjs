// What a prediction of one row takes through a loaded model, and in the bare call into the kernels,
// one after the other.
//
//     node packages/trainer/bench/predict.mjs [engine, native] [calls, 20000]
import { argMax, relu, softmax, defineModel } from '@gradpool/core'
import { evaluation, initialState, prediction } from '@gradpool/core/engine'
import { nativeEngine, wasmEngine } from '@gradpool/engine-cpu'
import { accuracy, crossEntropy, dense } from '@gradpool/models'
import { encodeModel, loadModel } from '@gradpool/trainer'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'

const [engineName = 'native', calls = '20000'] = process.argv.slice(2)
const rounds = 5

const fields = { image: { dtype: 'f32', shape: [784] }, label: { dtype: 'u8', shape: [] } }
const mlp = (hidden) =>
  defineModel({
    params: { hidden: dense(784, hidden), output: dense(hidden, 10) },
    step({ hidden, output }, { image, label }) {
      const logits = output(relu(hidden(image)))
      return { loss: crossEntropy(logits, label), accuracy: accuracy(logits, label) }
    },
    predict({ hidden, output }, { image }) {
      const logits = output(relu(hidden(image)))
      return { probabilities: softmax(logits), digit: argMax(logits) }
    },
  })
const images = (rows) => Float32Array.from({ length: rows * 784 }, (_, i) => ((i * 7) % 251) / 251)
const percentile = (times, share) => times.sort()[Math.floor(times.length * share)] * 1000

/** How late timers of 1 ms are meanwhile. */
async function delayDuring(work) {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const from = performance.now()
  await work()
  const ms = performance.now() - from
  delay.disable()
  return { ms, p99: delay.count > 0 ? (delay.percentile(99) / 1e6).toFixed(1) : 'under 1' }
}

for (const hidden of [64, 512]) {
  const model = mlp(hidden)
  const one = { batchSize: 1, data: { fields, numExamples: 1 } }
  const states = initialState(evaluation(model, one).program, 0)
  const bytes = encodeModel({ model, fields, states, provenance: {}, metrics: {} })
  const started = performance.now()
  const loaded = await loadModel(bytes, { engine: engineName })
  console.log(`784-${hidden}-10, ${engineName}: loaded in ${(performance.now() - started).toFixed(1)} ms`)

  const engine = await (engineName === 'wasm' ? wasmEngine() : nativeEngine())
  const data = { fields: { image: { ...fields.image, values: images(1) } }, rows: Int32Array.of(0) }
  const execution = await engine.compile(prediction(model, one), { data, state: states, seed: 0 })
  const [task] = execution.begin(1)
  const run = () => engine.kernels.run(task.exec, 1, task.stackTop, 0)
  const image = images(1)
  for (let round = 0; round < rounds; round++) {
    const bare = new Float64Array(Number(calls))
    for (let i = 0; i < bare.length; i++) {
      const from = performance.now()
      run()
      bare[i] = performance.now() - from
    }
    const whole = new Float64Array(Number(calls))
    for (let i = 0; i < whole.length; i++) {
      const from = performance.now()
      await loaded.predict({ image })
      whole[i] = performance.now() - from
    }
    const [kernel, predict] = [percentile(bare, 0.5), percentile(whole, 0.5)]
    console.log(
      `  one row: predict p50 ${predict.toFixed(1)} µs (p99 ${percentile(whole, 0.99).toFixed(1)}), ` +
        `kernels p50 ${kernel.toFixed(1)} µs: ${(predict / kernel).toFixed(2)} times`,
    )
  }

  const idle = await delayDuring(() => sleep(500))
  console.log(`  idle: delay of the event loop p99 ${idle.p99} ms`)
  for (const rows of [100, 10_000, 60_000]) {
    const image = images(rows)
    await loaded.predict({ image })
    const { ms, p99 } = await delayDuring(async () => {
      for (let i = 0; i < 5; i++) await loaded.predict({ image })
    })
    console.log(`  ${rows} rows: ${(ms / 5).toFixed(1)} ms, delay of the event loop p99 ${p99} ms`)
  }
  await loaded.dispose()
  await engine.dispose()
}
