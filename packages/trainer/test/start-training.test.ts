/** Batches from the caller: the same rows in the same order give the bits of `fit`. */
import { adam, defineModel, relu } from '@gradpool/core'
import { crossEntropy, dense, dropout } from '@gradpool/models'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fit, loadModel, startTraining } from '../src/index.js'
import { temporaryFolder } from '../src/testing/temporary-folder.js'
import { examples, threeClasses } from '../src/testing/three-classes.js'

const data = examples(203)
const fields = { image: { shape: [6] }, label: { shape: [], dtype: 'u8' } } as const
const optimizer = adam({ learningRate: 0.01 })

function batch(first: number, count: number) {
  const image = data.image.values.slice(6 * first, 6 * (first + count))
  return { image, label: data.label.values.slice(first, first + count) }
}

const withDropout = defineModel({
  params: { hidden: dense(6, 80), drop: dropout(0.3), output: dense(80, 3) },
  step: ({ hidden, drop, output }, { image, label }) => ({
    loss: crossEntropy(output(drop(relu(hidden(image)))), label),
  }),
})

describe('a training step by step', () => {
  it.each([
    ['a model', threeClasses, {}],
    ['a model that draws random numbers', withDropout, {}],
    ['micro-batches', threeClasses, { microBatches: 3 }],
  ] as const)('has the bits of fit: %s', async (_, model, cut) => {
    const options = { ...cut, optimizer, seed: 5 }
    const whole = await fit(model, { ...options, data, batchSize: 16, epochs: 2, shuffle: false })
    const trainer = await startTraining(model, { ...options, fields })
    for (let epoch = 0; epoch < 2; epoch++) {
      for (let first = 0; first < 203; first += 16) {
        await trainer.step(batch(first, Math.min(16, 203 - first)))
      }
    }
    expect(trainer.steps).toBe(2 * 13)
    expect(trainer.weights).toEqual(whole.weights)
    expect(trainer.weightsHash).toBe(whole.weightsHash)
    await trainer.dispose()
  })

  it('takes any number of rows, and tells loss and metrics before the update', async () => {
    const trainer = await startTraining(threeClasses, { fields, optimizer })
    const before = await trainer.evaluate(data)
    const told = await trainer.step(batch(0, 203))
    expect(told.loss).toBeCloseTo(before.loss, 5)
    expect(told.accuracy).toBeCloseTo(before.accuracy, 6)
    for (const count of [1, 2, 40, 3, 203, 1, 90, 2]) await trainer.step(batch(0, count))
    const after = await trainer.evaluate(data)
    expect(after.loss).toBeLessThan(before.loss)
    for (let count = 1; count <= 40; count++) await trainer.step(batch(0, count))
    expect(trainer.steps).toBe(49)
  })

  it('calls may overlap, and take effect in their order', async () => {
    const one = await startTraining(threeClasses, { fields, optimizer })
    const other = await startTraining(threeClasses, { fields, optimizer })
    const image = data.image.values
    const batches = [batch(0, 16), batch(16, 8), batch(24, 16)]
    const calls = batches.flatMap((rows) => [one.step(rows), one.predict({ image })])
    const overlapping = await Promise.all(calls)
    for (const [i, rows] of batches.entries()) {
      expect(await other.step(rows)).toEqual(overlapping[2 * i])
      expect(await other.predict({ image })).toEqual(overlapping[2 * i + 1])
    }
    expect(overlapping[1]).not.toEqual(overlapping[3])
  })

  it('can be saved, and goes on from what was saved', async () => {
    const path = join(await temporaryFolder(), 'online.gradpool')
    const trainer = await startTraining(threeClasses, { fields, optimizer })
    await trainer.step(batch(0, 32))
    await trainer.save(path, { optimizer: true })
    const loaded = await loadModel(path, { inputs: ['image'], outputs: ['probabilities'] })
    const image = data.image.values
    expect(await loaded.predict({ image })).toEqual(await trainer.predict({ image }))
    const resumed = await startTraining(threeClasses, { fields, optimizer, initFrom: path })
    expect(resumed.weightsHash).toBe(trainer.weightsHash)
    await trainer.step(batch(32, 32))
    await resumed.step(batch(32, 32))
    expect(resumed.weights).toEqual(trainer.weights)
  })

  it.each([
    [{ image: new Float32Array(7), label: new Uint8Array(1) }, /image/],
    [{ image: new Float32Array(12), label: new Uint8Array(1) }, /label/],
    [{ image: new Float32Array(0), label: new Uint8Array(0) }, 'a step needs at least one row'],
    [{ image: new Float32Array(6) }, /label/],
  ])('refuses rows that do not fit: %o', async (rows, message) => {
    const trainer = await startTraining(threeClasses, { fields })
    const hash = trainer.weightsHash
    // Callers without types may give any.
    const wrong = rows as unknown as ReturnType<typeof batch>
    await expect(trainer.step(wrong)).rejects.toMatchObject({ name: 'UserError' })
    await expect(trainer.step(wrong)).rejects.toThrow(message)
    expect(trainer.weightsHash).toBe(hash)
    await trainer.step(batch(0, 4))
    expect(trainer.steps).toBe(1)
  })

  it('names a label that is none of the classes, and goes on from before', async () => {
    const trainer = await startTraining(threeClasses, { fields, optimizer })
    const { weights } = trainer
    for (const [numRows, row] of [
      [4, 2],
      [1, 0],
    ] as const) {
      const { image, label } = batch(0, numRows)
      const wrong = { image, label: label.slice().fill(7, row, row + 1) }
      await expect(trainer.step(wrong)).rejects.toThrow(
        `the loss is not a finite number at step 1, so nothing was updated: the label in row ${row} of the field 'label' is 7, which is none of the 3 classes, 0 to 2; mend it, or leave such rows out with ignoreLabel`,
      )
    }
    expect(trainer.weights).toEqual(weights)
    await trainer.step(batch(0, 4))
    expect(trainer.steps).toBe(1)
  })

  it('says so when the loss is not finite, and goes on from before', async () => {
    const trainer = await startTraining(threeClasses, { fields, optimizer })
    const { weights } = trainer
    const { label } = batch(0, 2)
    await expect(trainer.step({ image: new Float32Array(12).fill(Infinity), label })).rejects.toThrow(
      'the loss is not a finite number at step 1, so nothing was updated; a smaller learning rate may help',
    )
    expect(trainer.weights).toEqual(weights)
    await trainer.step(batch(0, 4))
    expect(trainer.steps).toBe(1)
  })

  it('refuses options that it does not have', async () => {
    const options = { fields, epochs: 3 } as { fields: typeof fields }
    await expect(startTraining(threeClasses, options)).rejects.toThrow("startTraining has no option 'epochs'")
  })
})
