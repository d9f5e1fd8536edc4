/**
 * The delay of the event loop while `fit` trains and a fitted model predicts, one row and many,
 * beside that of an idle one.
 *
 *     node packages/trainer/bench/event-loop.mjs [engine, native] [seconds, 5]
 */
import { adam, defineModel, softmax } from '@gradpool/core'
import { accuracy, crossEntropy, dense } from '@gradpool/models'
import { fit } from '@gradpool/trainer'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'

const [engine = 'native', seconds = '5'] = process.argv.slice(2)

const model = defineModel({
  params: { hidden: dense(784, 512, { activation: 'relu' }), output: dense(512, 10) },
  step({ hidden, output }, { image, label }) {
    const logits = output(hidden(image))
    return { loss: crossEntropy(logits, label), accuracy: accuracy(logits, label) }
  },
  predict({ hidden, output }, { image }) {
    return { probabilities: softmax(output(hidden(image))) }
  },
})
const numExamples = 10_000
const data = {
  image: {
    values: Float32Array.from({ length: 784 * numExamples }, (_, i) => ((i * 7919) % 997) / 997),
    shape: [784],
  },
  label: { values: Uint8Array.from({ length: numExamples }, (_, i) => i % 10), shape: [] },
}
const options = { data, validation: 0.1, batchSize: 128, optimizer: adam(), engine, workers: 1 }
const fitted = await fit(model, { ...options, epochs: 1 })
const image = data.image.values

for (const [what, rows, pauseMs] of [
  ['idle', 0, 20],
  ['fit alone', 0, 20],
  ['fit and predictions of one row', 1, 1],
  ['fit and predictions of 10,000 rows', numExamples, 20],
]) {
  const histogram = monitorEventLoopDelay({ resolution: 1 })
  const controller = new AbortController()
  const { signal } = controller
  void setTimeout(1000 * Number(seconds)).then(() => controller.abort())
  histogram.enable()
  const training = what === 'idle' ? undefined : fit(model, { ...options, epochs: 1e6, signal }).catch(() => undefined)
  let calls = 0
  while (!signal.aborted) {
    if (rows > 0) await fitted.predict({ image: image.subarray(0, 784 * rows) })
    calls++
    await setTimeout(pauseMs)
  }
  await training
  histogram.disable()
  const ms = (nanoseconds) => (nanoseconds / 1e6).toFixed(1)
  console.log(
    `${what}, ${engine}: delay p50 ${ms(histogram.percentile(50))} ms, p99 ${ms(histogram.percentile(99))} ms, ` +
      `most ${ms(histogram.max)} ms; ${calls} calls`,
  )
}
