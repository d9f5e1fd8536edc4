/**
 * A loss that is not finite ends the training, and its origin is told, with the line of the user's
 * code.
 */
import { defineModel, exp, mul, sgd } from '@gradpool/core'
import { crossEntropy, dense } from '@gradpool/models'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
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
