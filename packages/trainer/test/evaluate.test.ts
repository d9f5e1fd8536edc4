/**
 * `evaluate` tells what the reference evaluator does, on every metric, for whatever it is given.
 */
import { adam, defineModel, relu } from '@gradpool/core'
import { evaluate, evaluation } from '@gradpool/core/engine'
import { arrays } from '@gradpool/datasets'
import { accuracy, confusionMatrix, crossEntropy, dense } from '@gradpool/models'
import { describe, expect, it } from 'vitest'
import { fit } from '../src/index.js'
import { examples, threeClasses } from '../src/testing/three-classes.js'

const data = examples(203)
const held = examples(57, 500)
const options = { data, batchSize: 16, epochs: 4, optimizer: adam({ learningRate: 0.01 }) }

/** Mean loss and accuracy of the model with these weights, by the plain evaluator. */
function byHand(weights: Readonly<Record<string, Float32Array>>, given: typeof held) {
  const numExamples = given.label.values.length
  const fields = {
    image: { dtype: 'f32', shape: [6] },
    label: { dtype: 'u8', shape: [] },
  } as const
  const { program } = evaluation(threeClasses, {
    batchSize: numExamples,
    data: { fields, numExamples },
  })
  const { results } = evaluate(program, {
    state: weights,
    batch: { image: given.image.values, label: given.label.values },
  })
  return { loss: results.loss?.[0] ?? NaN, accuracy: results.accuracy?.[0] ?? NaN }
}

describe('an evaluation', () => {
  it('is that of the plain evaluator', async () => {
    const fitted = await fit(threeClasses, options)
    const expected = byHand(fitted.weights, held)
    const told = await fitted.evaluate(held)
    expect(told.loss).toBeCloseTo(expected.loss, 6)
    expect(told.accuracy).toBeCloseTo(expected.accuracy, 7)
    expect(Object.keys(told)).toEqual(['loss', 'accuracy'])
  })

  it('is of `test` where nothing is given, a data set of its own or a part of the data', async () => {
    const own = await fit(threeClasses, { ...options, test: held })
    expect(await own.evaluate()).toEqual(await own.evaluate(held))
    const part = await fit(threeClasses, { ...options, test: 40 })
    const share = await fit(threeClasses, { ...options, data: arrays(data, { test: 40 }) })
    expect(await share.evaluate()).toEqual(await part.evaluate())
    expect(share.weightsHash).toBe(part.weightsHash)
    expect(part.weightsHash).not.toBe(own.weightsHash)
  })

  it('is of the examples that were tested, where a data set has such', async () => {
    const fitted = await fit(threeClasses, options)
    expect(await fitted.evaluate(arrays(data, { test: held }))).toEqual(await fitted.evaluate(held))
  })

  it('is refused without examples, and for those that do not fit', async () => {
    const fitted = await fit(threeClasses, options)
    await expect(fitted.evaluate()).rejects.toThrow(
      'evaluate() has no examples: the training was given no `test`, so give it some, as evaluate(data)',
    )
    const narrow = { ...held, image: { values: held.image.values, shape: [3] } }
    const both = { ...narrow, label: { values: new Uint8Array(114), shape: [] } }
    await expect(fitted.evaluate(both)).rejects.toThrow(/matmul of f32\[100, 3\]/)
  })

  it('may be of several at once', async () => {
    const fitted = await fit(threeClasses, options)
    const expected = [await fitted.evaluate(held), await fitted.evaluate(data)]
    expect(await Promise.all([fitted.evaluate(held), fitted.evaluate(data)])).toEqual(expected)
  })
})

const counting = defineModel({
  params: { hidden: dense(6, 20), output: dense(20, 3) },
  step({ hidden, output }, { image, label }) {
    const logits = output(relu(hidden(image)))
    const counts = confusionMatrix(logits, label)
    return { loss: crossEntropy(logits, label), accuracy: accuracy(logits, label), counts }
  },
})

it('counts what a confusion matrix counts', async () => {
  const fitted = await fit(counting, { ...options, validation: held })
  const { counts, accuracy: share } = await fitted.evaluate(held)
  const total = counts.flat().reduce((sum, count) => sum + count, 0)
  expect(total).toBe(57)
  const right = counts.reduce((sum, row, i) => sum + (row[i] ?? 0), 0)
  expect(right / total).toBeCloseTo(share, 6)
  expect(fitted.history.at(-1)?.validation.counts).toEqual(counts)
})
