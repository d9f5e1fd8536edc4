/**
 * A loss that is not finite ends the training, and its origin is told, with the line of the user's
 * code.
 */
import { type Batch, defineModel, exp, mul, sgd } from '@gradpool/core'
import { accuracy, crossEntropy, dense } from '@gradpool/models'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fit } from '../src/index.js'
import { examples, threeClasses } from '../src/testing/three-classes.js'

const data = examples(203)
const here = new URL(import.meta.url).pathname.split('/').at(-1) ?? ''

const exploding = defineModel({
  params: { hidden: dense(6, 8), output: dense(8, 3) },
  step({ hidden, output }, { image, label }) {
    const large = mul(hidden(image), 1000)
    const infinite = exp(large)
    return { loss: crossEntropy(output(infinite), label) }
  },
})
const line = 1 + text().findIndex((each) => each.includes('exp(large)'))

it.each([{}, { microBatches: 4 }, { averageEvery: 3 }])('is located with %o', async (cut) => {
  const attempt = fit(exploding, {
    ...cut,
    data,
    batchSize: 16,
    optimizer: sgd({ learningRate: 1e3 }),
  })
  const message = await attempt.catch((error: unknown) => String(error))
  expect(message).toMatch(/^UserError: training: the loss is not a finite number at step 1 \(epoch 1\)/)
  expect(message).toMatch(/the first tensor of the step that is not is %\d+ = exp\(/)
  expect(message).toContain(`${here}:${line}`)
})

describe('a label that is none of the classes is named', () => {
  const label = { ...data.label, values: data.label.values.slice().fill(7, 40, 41) }
  const sentence =
    "the label in row 40 of the field 'label' is 7, which is none of the 3 classes, 0 to 2; mend it, or leave such rows out with ignoreLabel"

  it.each([{}, { microBatches: 4 }, { averageEvery: 3 }])('in training with %o', async (cut) => {
    const message = await fit(threeClasses, { ...cut, data: { ...data, label }, batchSize: 16 }).catch(String)
    expect(message).toMatch(/^UserError: training: the loss is not a finite number at step \d+ \(epoch 1\): /)
    expect(message).toContain(sentence)
  })

  it('in validation, and in an evaluation', async () => {
    const other = { data, batchSize: 16, epochs: 1 }
    const validated = fit(threeClasses, { ...other, validation: { ...data, label } })
    await expect(validated).rejects.toThrow(sentence)
    const fitted = await fit(threeClasses, other)
    await expect(fitted.evaluate({ ...data, label })).rejects.toThrow(sentence)
  })

  it('where rows have weights, too, and a row of weight 0 is left out', async () => {
    const weighted = defineModel({
      params: { output: dense(6, 3) },
      step: ({ output }, { image, label: given, weight }: Batch<'image' | 'label' | 'weight'>) => ({
        loss: crossEntropy(output(image), given, { weights: weight }),
      }),
    })
    const fields = { ...data, label }
    const attempt = (values: Float32Array) =>
      fit(weighted, { data: { ...fields, weight: { shape: [], values } }, batchSize: 16, epochs: 1 })
    const weights = new Float32Array(203).fill(0.5)
    await expect(attempt(weights)).rejects.toThrow(sentence)
    const fitted = await attempt(weights.fill(0, 40, 41))
    expect(fitted.history.at(-1)?.loss).toBeGreaterThan(0)
  })

  it('and left out with ignoreLabel', async () => {
    const ignoring = defineModel({
      params: { output: dense(6, 3) },
      step({ output }, { image, label: given }) {
        const logits = output(image)
        return {
          loss: crossEntropy(logits, given, { ignoreLabel: 7 }),
          accuracy: accuracy(logits, given, { ignoreLabel: 7 }),
        }
      },
    })
    const fitted = await fit(ignoring, { data: { ...data, label }, batchSize: 16, epochs: 1 })
    expect(fitted.history.at(-1)?.accuracy).toBeGreaterThan(0)
  })
})

it('is told of data that is not finite', async () => {
  const image = { ...data.image, values: data.image.values.slice().fill(NaN, 60, 61) }
  await expect(fit(threeClasses, { data: { ...data, image } })).rejects.toMatchObject({
    name: 'UserError',
    message: expect.stringMatching(/image.* is not a number in row 10/) as string,
  })
})

function text(): string[] {
  return readFileSync(new URL(import.meta.url), 'utf8').split('\n')
}
