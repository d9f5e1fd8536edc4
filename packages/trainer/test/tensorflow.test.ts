/**
 * One training on several threads by the engine on TensorFlow: the same weights for any number of
 * them, and when one dies.
 */
import { adam, defineModel, relu } from '@gradpool/core'
import { train, type Split } from '@gradpool/core/engine'
import { faultyEngine, type Fault } from '@gradpool/engine-contract'
import { findTensorFlow, tensorflowEngine } from '@gradpool/engine-tensorflow'
import { accuracy, crossEntropy, dense } from '@gradpool/models'
import { describe, expect, it, onTestFinished } from 'vitest'
import { fit } from '../src/index.js'

const NUM_EXAMPLES = 83
/** Six numbers, of which the largest of the first three tells the class. */
const image = Float32Array.from({ length: 6 * NUM_EXAMPLES }, (_, i) => ((i * 7919) % 997) / 499)
const label = Uint8Array.from({ length: NUM_EXAMPLES }, (_, example) => {
  const first = image.slice(6 * example, 6 * example + 3)
  return first.indexOf(Math.max(...first))
})
const split: Split = {
  fields: {
    image: { dtype: 'f32', shape: [6], values: image },
    label: { dtype: 'u8', shape: [], values: label },
  },
  rows: Int32Array.from({ length: NUM_EXAMPLES }, (_, row) => row),
}
const classifier = defineModel({
  // Wide enough for steps of 64 examples to be shared.
  params: { hidden: dense(6, 256), middle: dense(256, 256), output: dense(256, 3) },
  step({ hidden, middle, output }, batch) {
    const logits = output(relu(middle(relu(hidden(batch.image)))))
    return { loss: crossEntropy(logits, batch.label), accuracy: accuracy(logits, batch.label) }
  },
})

const isWanted = process.env.GRADPOOL_SKIP_TENSORFLOW !== '1'
const optimizer = adam({ learningRate: 0.001 })
const data = { image: { values: image, shape: [6] }, label: { values: label, shape: [] } }
const options = { data, epochs: 12, batchSize: 64, optimizer, microBatches: 3 }

const fitAlone = async () => {
  const engine = await tensorflowEngine()
  onTestFinished(() => engine.dispose())
  return fit(classifier, { ...options, engine, workers: 1 })
}
let alone: ReturnType<typeof fitAlone> | undefined

/** What one thread learns, once. */
const trainedAlone = () => (alone ??= fitAlone())

describe.skipIf(!isWanted || !(await findTensorFlow()))('tensorflow', { timeout: 120_000 }, () => {
  it('trains to the same weights on 1, 2 and 3 threads, near those of one that shares nothing', async () => {
    const engine = await tensorflowEngine()
    const alone = await trainedAlone()
    expect(alone.history.at(-1)?.loss).toBeLessThan((alone.history[0]?.loss ?? 0) * 0.9)
    for (const workers of [2, 3]) {
      const { weights } = await fit(classifier, { ...options, engine, workers })
      expect(weights).toEqual(alone.weights)
    }
    const training = train(classifier, { data: split, optimizer, batchSize: 64 })
    const plain = await engine.compile(training, { data: split, seed: 0 })
    await plain.run({ steps: 12 * plain.stepsPerEpoch })
    for (const [name, values] of Object.entries(alone.weights)) {
      const wanted = plain.read()[name] ?? []
      for (const [i, value] of values.entries()) expect(value).toBeCloseTo(wanted[i] ?? NaN, 3)
    }
    await engine.dispose()
  })

  it('comes to them when one thread exits and another throws', async () => {
    const engine = await tensorflowEngine()
    const faults: Fault[] = [
      { kind: 'exit', thread: 0, steps: 1 },
      { kind: 'throw', thread: 2, steps: 3 },
    ]
    const warnings: string[] = []
    const { weights } = await fit(classifier, {
      ...options,
      engine: faultyEngine(engine, faults),
      workers: 3,
      onWarning: (message) => warnings.push(message),
    })
    expect(faults).toEqual([])
    expect(warnings).toHaveLength(2)
    expect(weights).toEqual((await trainedAlone()).weights)
    await engine.dispose()
  })
})
