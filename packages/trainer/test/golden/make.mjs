// Makes the golden files of a release, once: a saved model with weights of each type, and what it predicts. Later
// versions must read them and predict the same bits.
//
//     node packages/trainer/test/golden/make.mjs v0.2
import * as core from '@gradpool/core'
import { train } from '@gradpool/core/engine'
import { wasmEngine } from '@gradpool/engine-cpu'
import { accuracy, batchNorm, crossEntropy, dense, dropout } from '@gradpool/models'
import { encodeModel, loadModel, writeModel } from '@gradpool/trainer'
import { existsSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const [release = ''] = process.argv.slice(2)
const pathOf = (name) => fileURLToPath(new URL(`${name}.gradpool`, import.meta.url))
const missing = ['f32', 'f16', 'i8']
  .map((weights) => ({ weights, path: pathOf(weights === 'f32' ? release : `${release}-${weights}`) }))
  .filter(({ path }) => !existsSync(path))
if (!/^v\d+\.\d+$/.test(release) || missing.length === 0) {
  console.error('The name of a release that lacks a golden file is needed, such as v0.3')
  process.exit(2)
}

const rows = 8
const draw = (count, limit) => Array.from({ length: count }, (_, i) => (i * i * 7 + i * 3) % limit)
const values = {
  image: Uint8Array.from(draw(rows * 16, 256)),
  word: Int32Array.from(draw(rows, 7)),
  price: Float32Array.from(draw(rows * 2, 101), (value) => value / 37 - 1),
  label: Uint8Array.from(draw(rows, 4)),
}
const fields = {
  image: { dtype: 'u8', shape: [4, 4], values: values.image },
  word: { dtype: 'i32', shape: [], values: values.word },
  price: { dtype: 'f32', shape: [2], values: values.price },
  label: { dtype: 'u8', shape: [], values: values.label },
}

function logitsOf({ words, hidden, norm, drop, output }, { image, word, price }) {
  const [batch] = word.shape
  const pixels = core.div(core.cast(core.reshape(image, [batch, 16]), 'f32'), 255)
  const all = core.concat([pixels, core.gather(words, word), price], 1)
  return output(drop(norm(core.tanh(hidden(all)))))
}

const model = core.defineModel({
  params: {
    words: core.parameter([7, 3], 'glorotUniform'),
    hidden: dense(21, 8),
    norm: batchNorm(8),
    drop: dropout(0.1),
    output: dense(8, 4, { activation: 'sigmoid' }),
  },
  step(bound, batch) {
    const logits = logitsOf(bound, batch)
    return { loss: crossEntropy(logits, batch.label), accuracy: accuracy(logits, batch.label) }
  },
  predict(bound, batch) {
    const logits = logitsOf(bound, batch)
    return {
      probabilities: core.softmax(logits),
      top: core.max(logits, 1),
      label: core.argMax(logits),
    }
  },
})
const data = { fields, rows: Int32Array.from({ length: rows }, (_, row) => row) }
const training = train(model, {
  batchSize: 8,
  data,
  optimizer: core.sgd({ learningRate: 0.05, momentum: 0.9 }),
})
const engine = await wasmEngine()
const execution = await engine.compile(training, { data, seed: 1 })
await execution.run({ steps: 30 })
const trained = {
  model,
  fields,
  states: execution.read(),
  training,
  provenance: {
    numerics: engine.numerics,
    seed: 1,
    epochs: 10,
    data: { name: 'golden', hash: '0'.repeat(64) },
    options: { optimizer: { kind: 'sgd', learningRate: 0.05, momentum: 0.9 }, batchSize: 8 },
  },
  metrics: { loss: 1.5, accuracy: 0.25 },
}
const { image, word, price } = values
const inputs = { image, word, price }
const lists = (arrays) => Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, [...array]]))
for (const { weights, path } of missing) {
  await writeModel(encodeModel(trained, { optimizer: weights === 'f32', weights }), path)
  const loaded = await loadModel(path, { engine: 'wasm' })
  const outputs = await loaded.predict(inputs)
  const golden = {
    hash: loaded.hash,
    weightsHash: loaded.weightsHash,
    inputs: lists(inputs),
    outputs: lists(outputs),
  }
  writeFileSync(path.replace(/gradpool$/, 'json'), `${JSON.stringify(golden, undefined, 1)}\n`)
  await loaded.dispose()
}
await engine.dispose()
