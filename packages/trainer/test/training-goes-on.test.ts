/** Training from what was trained before: `initFrom`, and `fit` of a loaded model. */
import { adam, sgd } from '@gradpool/core'
import { autoencode } from '@gradpool/models'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fit, loadModel } from '../src/index.js'
import { temporaryFolder } from '../src/testing/temporary-folder.js'
import { examples, threeClasses } from '../src/testing/three-classes.js'

const data = examples(208)
const held = examples(57, 500)
const optimizer = adam({ learningRate: 0.01 })
const options = { data, batchSize: 16, epochs: 3, optimizer, shuffle: false }

async function saved(save: { optimizer?: boolean } = {}) {
  const fitted = await fit(threeClasses, options)
  const path = join(await temporaryFolder(), 'classes.gradpool')
  await fitted.save(path, save)
  return { fitted, path }
}

describe('initFrom', () => {
  it('takes a file, its bytes, a loaded or fitted model, or weights, which are all the same', async () => {
    const { fitted, path } = await saved()
    const more = async (initFrom: NonNullable<Parameters<typeof fit>[1]['initFrom']>) =>
      (await fit(threeClasses, { ...options, initFrom, epochs: 1 })).weightsHash
    const hash = await more(path)
    expect(hash).not.toBe((await fit(threeClasses, { ...options, epochs: 1 })).weightsHash)
    expect(await more(fitted.toBytes())).toBe(hash)
    expect(await more(new Blob([new Uint8Array(fitted.toBytes())]))).toBe(hash)
    expect(await more(await loadModel(path))).toBe(hash)
    expect(await more(fitted.weights)).toBe(hash)
  })

  it('resumes the optimizer, too, where it was saved', async () => {
    const { fitted, path } = await saved({ optimizer: true })
    const whole = await fit(threeClasses, { ...options, epochs: 5 })
    const two = await fit(threeClasses, { ...options, initFrom: path, epochs: 2 })
    expect(two.weights).toEqual(whole.weights)
    const asFitted = await fit(threeClasses, { ...options, initFrom: fitted, epochs: 2 })
    expect(asFitted.weights).toEqual(whole.weights)
  })

  it('takes the states of equal name and shape, and says so where there are none', async () => {
    const { fitted } = await saved()
    const other = autoencode({ encoder: [3], decoder: [6] })
    const attempt = fit(other, { ...options, initFrom: fitted.weights })
    await expect(attempt).rejects.toThrow(
      /^initFrom: no state of the weights has the name and shape of one of this model; it has hidden\.weight, .*, the model has /,
    )
    const { 'hidden.weight': hidden, ...rest } = fitted.weights
    expect(hidden).toBeDefined()
    const partly = await fit(threeClasses, { ...options, initFrom: rest, epochs: 1 })
    const wholly = await fit(threeClasses, { ...options, initFrom: fitted, epochs: 1 })
    expect(partly.weightsHash).not.toBe(wholly.weightsHash)
    await expect(fit(threeClasses, { ...options, initFrom: '/nowhere' })).rejects.toThrow(
      "the model '/nowhere' cannot be read: there is no such file",
    )
  })
})

describe('a saved model', () => {
  it('is the same bytes for the same training', async () => {
    const [one, other] = [await saved(), await saved()]
    expect(one.fitted.toBytes()).toEqual(other.fitted.toBytes())
    expect((await loadModel(one.path)).provenance).toMatchObject({ seed: 0, epochs: 3 })
  })
})

describe('a loaded model', () => {
  it('is judged as what was saved', async () => {
    const { fitted, path } = await saved()
    const loaded = await loadModel(path)
    for (const examples of [held, data]) {
      const [told, expected] = [await loaded.evaluate(examples), await fitted.evaluate(examples)]
      expect(Object.keys(told)).toEqual(['loss', 'accuracy'])
      expect(told.loss).toBeCloseTo(expected.loss, 6)
      expect(told.accuracy).toBeCloseTo(expected.accuracy, 6)
    }
  })

  it('trains on as the model would have, bit for bit', async () => {
    const { path } = await saved({ optimizer: true })
    const whole = await fit(threeClasses, { ...options, epochs: 5 })
    const loaded = await loadModel(path, { inputs: ['image'], outputs: ['probabilities'] })
    const fitted = await loaded.fit({ data, epochs: 2, validation: held })
    expect(fitted.weights).toEqual(whole.weights)
    expect(fitted.history.map(({ loss }) => loss)).toEqual(whole.history.slice(3).map(({ loss }) => loss))
    expect(fitted.history.at(-1)?.validation?.accuracy).toBeGreaterThan(0.3)
    const { probabilities } = await fitted.predict({ image: held.image.values })
    expect(probabilities).toEqual((await whole.predict({ image: held.image.values })).probabilities)
    const again = await loadModel(fitted.toBytes())
    expect(await again.predict({ image: held.image.values })).toEqual({ probabilities })
  })

  it('trains on other data, of any number of examples that fill a batch', async () => {
    const { path } = await saved()
    const loaded = await loadModel(path)
    const fitted = await loaded.fit({ data: examples(100, 90), epochs: 4 })
    expect(fitted.history).toHaveLength(4)
    await expect(loaded.fit({ data: examples(15) })).rejects.toThrow(
      'this model was saved to train on batches of 16 examples, and the data has 15',
    )
  })

  it('refuses what its file does not have', async () => {
    const { path } = await saved()
    const loaded = await loadModel(path)
    const wrong = { data, optimizer: sgd({ learningRate: 1 }) } as { data: typeof data }
    await expect(loaded.fit(wrong)).rejects.toThrow("fit of a loaded model has no option 'optimizer'")
  })
})
