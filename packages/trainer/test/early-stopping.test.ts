/** When a training ends early, and which weights it keeps. */
import { adam, defineModel, relu, sum, square, sub } from '@gradpool/core'
import { accuracy, crossEntropy, dense } from '@gradpool/models'
import { describe, expect, it } from 'vitest'
import { fit } from '../src/index.js'
import { examples, threeClasses } from '../src/testing/three-classes.js'

/** Some labels are wrong, so that what is learnt of them is no use elsewhere. */
const data = misled(examples(60))
const validation = examples(60, 1000)
const options = {
  data,
  validation,
  batchSize: 10,
  epochs: 60,
  optimizer: adam({ learningRate: 0.03 }),
}

function misled({ image, label }: ReturnType<typeof examples>) {
  const values = label.values.map((value, row) => (row % 4 === 0 ? (value + 1) % 3 : value))
  return { image, label: { values, shape: [] } }
}

describe('early stopping', () => {
  it('ends after so many epochs in which the monitor did not become better', async () => {
    const whole = await fit(threeClasses, options)
    const losses = whole.history.map((row) => row.validation.loss)
    const patience = 4
    const fitted = await fit(threeClasses, {
      ...options,
      earlyStopping: { monitor: 'validation.loss', patience },
    })
    let best = 0
    let end = losses.length
    for (let epoch = 0; epoch < losses.length; epoch++) {
      if ((losses[epoch] ?? NaN) < (losses[best] ?? NaN)) best = epoch
      if (epoch - best === patience) {
        end = epoch + 1
        break
      }
    }
    expect(end).toBeLessThan(60)
    expect(fitted.epochs).toBe(end)
    expect(fitted.bestEpoch).toBe(best + 1)
    const rows = (history: readonly { seconds: number }[]) => history.map(({ seconds: _, ...row }) => row)
    expect(rows(fitted.history)).toEqual(rows(whole.history.slice(0, end)))
  })

  it('goes by any metric, of training too, and knows which way ours go', async () => {
    const byAccuracy = await fit(threeClasses, {
      ...options,
      earlyStopping: { monitor: 'accuracy', patience: 2, minDelta: 0.5 },
    })
    expect(byAccuracy.epochs).toBe(3)
    const reversed = await fit(threeClasses, {
      ...options,
      earlyStopping: { monitor: 'loss', mode: 'max', patience: 1, minDelta: 1000 },
    })
    expect(reversed.epochs).toBe(2)
  })
})

describe("keep: 'best'", () => {
  it('keeps the weights after the best epoch, as an evaluation tells', async () => {
    const fitted = await fit(threeClasses, { ...options, keep: 'best' })
    const best = Math.min(...fitted.history.map((row) => row.validation.loss))
    const { bestEpoch = 0 } = fitted
    expect(bestEpoch).toBeLessThan(60)
    expect(fitted.history[bestEpoch - 1]?.validation.loss).toBe(best)
    const { loss } = await fitted.evaluate(validation)
    expect(loss).toBeCloseTo(best, 6)
    const last = await fit(threeClasses, options)
    expect((await last.evaluate(validation)).loss).toBeGreaterThan(best)
    expect(last.bestEpoch).toBe(bestEpoch)
    const shorter = await fit(threeClasses, { ...options, epochs: bestEpoch })
    expect(fitted.weights).toEqual(shorter.weights)
  })

  it('goes by the monitor of early stopping, or its own', async () => {
    const earlyStopping = { monitor: 'validation.accuracy', patience: 100 } as const
    const asStopping = await fit(threeClasses, { ...options, keep: 'best', earlyStopping })
    const own = await fit(threeClasses, {
      ...options,
      keep: 'best',
      monitor: 'validation.accuracy',
    })
    expect(asStopping.weightsHash).toBe(own.weightsHash)
    expect(own.weightsHash).not.toBe((await fit(threeClasses, { ...options, keep: 'best' })).weightsHash)
  })
})

const bare = defineModel({
  params: { hidden: dense(6, 8), output: dense(8, 3) },
  step({ hidden, output }, { image, label }) {
    const logits = output(relu(hidden(image)))
    const size = sum(square(sub(logits, 1)))
    return { loss: crossEntropy(logits, label), accuracy: accuracy(logits, label), size }
  },
})

describe('a monitor', () => {
  it.each([
    [
      { monitor: 'size' },
      "monitor goes by 'size', which does not say whether less or more of it is better; give mode: 'min' or 'max'",
    ],
    [{ monitor: 'acuracy' }, "monitor goes by 'acuracy', but the model has no metric 'acuracy'; it has 'accuracy'"],
    [
      { monitor: 'x', keep: 'best' },
      "keep: 'best' goes by 'x', but the model has no metric 'x'; it has loss, accuracy, size",
    ],
    [
      { validation: undefined, keep: 'best' },
      "keep: 'best' goes by 'validation.loss', but there are no validation examples; give `validation`, or monitor: 'loss'",
    ],
    [
      { validation: undefined, earlyStopping: { patience: 1, monitor: 'validation.accuracy' } },
      "earlyStopping goes by 'validation.accuracy', but there are no validation examples",
    ],
  ])('%o is refused', async (change, message) => {
    // Callers without types may name any.
    const asked = { ...options, ...change } as typeof options
    await expect(fit(bare, asked)).rejects.toMatchObject({ name: 'UserError', message })
  })

  it('of a bare tensor is taken with its mode', async () => {
    const fitted = await fit(bare, {
      ...options,
      epochs: 3,
      keep: 'best',
      monitor: 'size',
      mode: 'min',
    })
    const sizes = fitted.history.map(({ size }) => size)
    expect(fitted.bestEpoch).toBe(1 + sizes.indexOf(Math.min(...sizes)))
  })
})
