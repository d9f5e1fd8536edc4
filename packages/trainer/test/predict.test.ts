/**
 * Predictions of a fitted model: of any number of rows, and of many callers at once, during a
 * training too.
 */
import { adam, defineModel, relu } from '@gradpool/core'
import { crossEntropy, dense } from '@gradpool/models'
import { describe, expect, it } from 'vitest'
import { fit } from '../src/index.js'
import { examples, threeClasses } from '../src/testing/three-classes.js'

const data = examples(203)
const options = { data, batchSize: 16, epochs: 10, optimizer: adam({ learningRate: 0.01 }) }

describe('a prediction', () => {
  it('is of as many rows as are given, each by itself', async () => {
    const fitted = await fit(threeClasses, options)
    const { probabilities: all } = await fitted.predict({ image: data.image.values })
    expect(all).toHaveLength(3 * 203)
    for (const row of [0, 7, 202]) {
      const image = data.image.values.slice(6 * row, 6 * row + 6)
      const { probabilities } = await fitted.predict({ image })
      expect(probabilities).toEqual(all.slice(3 * row, 3 * row + 3))
    }
    const guessed = data.label.values.filter((label, row) => {
      const three = all.slice(3 * row, 3 * row + 3)
      return three.indexOf(Math.max(...three)) === label
    })
    const { accuracy } = await fitted.evaluate(data)
    expect(guessed.length / 203).toBeCloseTo(accuracy, 6)
  })

  it('is the same when many ask at once, while another training runs', async () => {
    const fitted = await fit(threeClasses, options)
    const image = data.image.values
    const { probabilities: expected } = await fitted.predict({ image })
    const training = fit(threeClasses, { ...options, epochs: 200 })
    const calls = Array.from({ length: 50 }, (_, i) =>
      fitted.predict({ image: image.slice(6 * i, 6 * i + 6 * (1 + i)) }),
    )
    for (const [i, { probabilities }] of (await Promise.all(calls)).entries()) {
      expect(probabilities).toEqual(expected.slice(3 * i, 3 * i + 3 * (1 + i)))
    }
    await training
  })

  it('is refused for other fields, other sizes, and a model that predicts nothing', async () => {
    const fitted = await fit(threeClasses, options)
    // Callers without types may give any.
    const wrong = { x: new Float32Array(6) } as unknown as { image: Float32Array }
    await expect(fitted.predict(wrong)).rejects.toMatchObject({ name: 'UserError' })
    await expect(fitted.predict({ image: new Float32Array(7) })).rejects.toThrow(/f32\[6\]/)
    const silent = defineModel({
      params: { hidden: dense(6, 8), output: dense(8, 3) },
      step: ({ hidden, output }, { image, label }) => ({
        loss: crossEntropy(output(relu(hidden(image))), label),
      }),
    })
    const other = await fit(silent, options)
    await expect(other.predict({ image: new Float32Array(6) })).rejects.toThrow(
      'this model predicts nothing: give its definition a predict function',
    )
  })
})
