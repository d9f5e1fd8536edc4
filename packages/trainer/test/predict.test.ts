/**
 * Predictions of a fitted model: of any number of rows, and of many callers at once, during a
 * training too.
 */
import { adam, add, type Batch, defineModel, relu, slice, sum } from '@gradpool/core'
import { crossEntropy, dense } from '@gradpool/models'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fit, loadModel } from '../src/index.js'
import { temporaryFolder } from '../src/testing/temporary-folder.js'
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

  it('may read fields that the data does not have', async () => {
    const model = defineModel({
      params: { hidden: dense(6, 4), output: dense(2, 3) },
      inputs: { code: { shape: [4] }, count: { shape: [], dtype: 'i32' } },
      step: ({ hidden, output }, { image, label }) => ({
        loss: crossEntropy(output(slice(hidden(image), [0, 0], [image.shape[0] ?? 1, 2])), label),
      }),
      predict: (_, { code, count }: Batch<'code' | 'count'>) => ({ sum: add(sum(code, -1), count) }),
    })
    const fitted = await fit(model, { ...options, epochs: 1 })
    const given = { code: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), count: Int32Array.of(10, 20) }
    const { sum: sums } = await fitted.predict(given)
    expect([...sums]).toEqual([20, 46])
    const path = join(await temporaryFolder(), 'sums.gradpool')
    await fitted.save(path)
    const loaded = await loadModel(path, { inputs: ['code', 'count'], outputs: ['sum'] })
    expect([...(await loaded.predict(given)).sum]).toEqual([20, 46])
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
