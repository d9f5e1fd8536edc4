/**
 * The same tfjs model trained by `model.fit` of tfjs-node and by Gradpool, with the times.
 *
 *     npm run gradpool -- setup tensorflow
 *     node packages/engine-tensorflow/examples/tfjs-model.mjs
 */
import { adam, defineModel } from '@gradpool/core'
import { evaluation, train } from '@gradpool/core/engine'
import { loadDataset, mnist } from '@gradpool/datasets'
import { fromTfjsLayers, tensorflowEngine } from '@gradpool/engine-tensorflow'
import { accuracy, crossEntropy } from '@gradpool/models'
import { createRequire } from 'node:module'

const EPOCHS = 2
const BATCH_SIZE = 32

const engine = await tensorflowEngine() // before tfjs-node is loaded: sets its threads
const tf = createRequire(import.meta.url)('@tensorflow/tfjs-node')

const model = tf.sequential({
  layers: [
    tf.layers.dense({ inputShape: [784], units: 64, activation: 'relu' }),
    tf.layers.dense({ units: 10, activation: 'softmax' }),
  ],
})
const { splits, fields } = await loadDataset(mnist(), { allocate: engine.allocate })

// By Gradpool: the model's layers and weights, as they are before training.
const { layers, state } = fromTfjsLayers(model, { logits: true })
const classifier = defineModel({
  params: { network: layers },
  step({ network }, { image, label }) {
    const logits = network(image)
    return { loss: crossEntropy(logits, label), accuracy: accuracy(logits, label) }
  },
})
const data = splits.train
const program = train(classifier, { optimizer: adam(), batchSize: BATCH_SIZE, data })
const fit = await engine.compile(program, { data, seed: 0, state: state('network') })
let started = performance.now()
await fit.run({ steps: EPOCHS * fit.stepsPerEpoch })
const seconds = { gradpool: (performance.now() - started) / 1000 }
const test = await engine.compile(evaluation(classifier, { batchSize: 100, data: splits.test }), {
  data: splits.test,
  seed: 0,
  shareStateOf: fit,
})
const { means } = await test.run({ steps: test.stepsPerEpoch })

// By tfjs: the same layers, from the same weights.
const pixels = tf.tensor2d(Float32Array.from(fields.train.image.values), [60000, 784])
const rows = tf.tensor1d(data.rows, 'int32')
const labels = tf.tensor1d(Float32Array.from(fields.train.label.values))
const [xs, ys] = [tf.gather(pixels, rows), tf.gather(labels, rows)]
model.compile({ optimizer: tf.train.adam(0.001), loss: 'sparseCategoricalCrossentropy' })
started = performance.now()
await model.fit(xs, ys, { epochs: EPOCHS, batchSize: BATCH_SIZE, verbose: 0 })
seconds.tfjs = (performance.now() - started) / 1000

console.log(`${EPOCHS} epochs of ${data.rows.length} examples in batches of ${BATCH_SIZE}`)
console.log(`model.fit of tfjs-node    ${seconds.tfjs.toFixed(1)} s`)
console.log(`Gradpool, tensorflow      ${seconds.gradpool.toFixed(1)} s`)
console.log(`${(seconds.tfjs / seconds.gradpool).toFixed(1)} times as fast`)
console.log(`accuracy on the test set by Gradpool: ${means.accuracy[0].toFixed(3)}`)
await engine.dispose()
