// One training on several threads by the engine on TensorFlow: the same weights for any number of them.
import { adam, relu, stage, train, type Split } from '@gradpool/core'
import { findTensorFlow, tensorflowEngine } from '@gradpool/engine-tensorflow'
import { accuracy, crossEntropy, dense } from '@gradpool/models'
import { trainDataParallel } from '@gradpool/orchestrator'
import { expect, test } from 'vitest'

const NUM_EXAMPLES = 83
/** Six numbers, of which the largest of the first three tells the class. */
const image = Float32Array.from({ length: 6 * NUM_EXAMPLES }, (_, i) => ((i * 7919) % 997) / 499)
const label = Uint8Array.from({ length: NUM_EXAMPLES }, (_, example) => {
  const first = image.slice(6 * example, 6 * example + 3)
  return first.indexOf(Math.max(...first))
})
const data: Split = {
  fields: {
    image: { dtype: 'f32', shape: [6], values: image },
    label: { dtype: 'u8', shape: [], values: label },
  },
  rows: Int32Array.from({ length: NUM_EXAMPLES }, (_, row) => row),
}
const classifier = stage({
  params: { hidden: dense(6, 20), output: dense(20, 3) },
  step({ hidden, output }, batch) {
    const logits = output(relu(hidden(batch.image)))
    return { loss: crossEntropy(logits, batch.label), accuracy: accuracy(logits, batch.label) }
  },
})

const isWanted = process.env.GRADPOOL_SKIP_TENSORFLOW !== '1'

test.skipIf(!isWanted || !(await findTensorFlow()))(
  'trains to the same weights on 1, 2 and 3 threads, near those of one that shares nothing',
  async () => {
    const engine = await tensorflowEngine()
    const options = {
      engine,
      data,
      epochs: 6,
      batchSize: 16,
      optimizer: adam({ learningRate: 0.01 }),
    }
    const alone = await trainDataParallel(classifier, { ...options, workers: 1, shards: 3 })
    expect(alone.epochs.at(-1)?.cost).toBeLessThan((alone.epochs[0]?.cost ?? 0) * 0.9)
    for (const workers of [2, 3]) {
      const { weights } = await trainDataParallel(classifier, { ...options, workers, shards: 3 })
      expect(weights).toEqual(alone.weights)
    }
    const plain = await engine.compile(train(classifier, { ...options }), { data, seed: 0 })
    await plain.run({ steps: 6 * plain.stepsPerEpoch })
    for (const [name, values] of Object.entries(alone.weights)) {
      const wanted = plain.read()[name] ?? []
      for (const [i, value] of values.entries()) expect(value).toBeCloseTo(wanted[i] ?? NaN, 3)
    }
    await engine.dispose()
  },
  120_000,
)
