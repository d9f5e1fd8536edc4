/** The ready models under `fit`: sizes from the data, names in the types. */
import { autoencode, classify, hash, mlp } from '@gradpool/models'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { fit, loadModel, startTraining } from '../src/index.js'

const numExamples = 48
const image = Uint8Array.from({ length: numExamples * 12 }, (_, i) => (i * i * 7) % 256)
const label = Uint8Array.from({ length: numExamples }, (_, row) => row % 3)
const data = {
  image: { values: image, shape: [4, 3] },
  label: { values: label, shape: [] },
}
const options = { data, batchSize: 8, epochs: 2 }
const shapesOf = (weights: Readonly<Record<string, Float32Array>>) =>
  Object.fromEntries(Object.entries(weights).map(([name, { length }]) => [name, length]))

describe('ready models', () => {
  it('take their sizes from the data', async () => {
    const fitted = await fit(classify({ hidden: [5] }), { ...options, validation: 0.25 })
    expectTypeOf(fitted.history[0]?.validation.accuracy).toEqualTypeOf<number | undefined>()
    expect(shapesOf(fitted.weights)).toEqual({
      'head.0.weight': 60,
      'head.0.bias': 5,
      'head.1.weight': 15,
      'head.1.bias': 3,
    })
    const same = await fit(mlp({ input: 12, hidden: [5], classes: 3, scale: 1 / 255 }), {
      ...options,
      validation: 0.25,
    })
    expect(same.weightsHash).toBe(fitted.weightsHash)
  })

  it('keep them for whatever they are judged on, and are saved with them', async () => {
    const fitted = await fit(classify({ hidden: [] }), options)
    const few = {
      image: { values: Float32Array.from(image.subarray(0, 24)), shape: [12] },
      label: { values: label.subarray(0, 2), shape: [] },
    }
    const { accuracy } = await fitted.evaluate(few)
    expectTypeOf(accuracy).toEqualTypeOf<number>()
    const { estimate, logits } = await fitted.predict({ image: image.subarray(0, 24) })
    expect(logits).toHaveLength(6)
    const right = Array.from(estimate, (one, row) => Number(one === label[row]))
    expect(accuracy).toBe(right.reduce((sum, x) => sum + x, 0) / 2)
    const loaded = await loadModel(fitted.toBytes(), { inputs: ['image'], outputs: ['logits'] })
    expect((await loaded.predict({ image: image.subarray(0, 24) })).logits).toEqual(logits)
  })

  it('stand on an encoder that another training made', async () => {
    const autoencoder = autoencode({ encoder: [4, 2], decoder: [12] })
    const codes = await fit(autoencoder, options)
    expectTypeOf(await codes.predict({ image })).toExtend<Readonly<Record<'reconstruction' | 'code', object>>>()
    const model = classify({ hidden: [5], encoder: 'frozen', autoencoder })
    const { weights } = await fit(model, { ...options, initFrom: codes })
    for (const name of ['encoder.0.weight', 'encoder.1.bias']) {
      expect(weights[name]).toEqual(codes.weights[name])
    }
    const without = fit(classify({ hidden: [5], encoder: 'frozen' }), options)
    await expect(without).rejects.toThrow(
      "encoder 'frozen' needs an autoencoder: an autoencode stage before it, or the option autoencoder",
    )
  })

  it('learn codes with and without labels', async () => {
    const alone = await fit(hash({ encoder: [8] }), options)
    expectTypeOf(alone.history[0]?.fuzziness).toEqualTypeOf<number | undefined>()
    const labelled = await fit(hash({ encoder: [8], labels: true }), {
      ...options,
      initFrom: alone,
    })
    expectTypeOf(labelled.history[0]?.accuracy).toEqualTypeOf<number | undefined>()
    expect(shapesOf(labelled.weights)).toEqual(shapesOf(alone.weights))
    const numbers = { ...data, image: { values: Float32Array.from(image), shape: [12] } }
    await expect(fit(hash({ encoder: [8] }), { ...options, data: numbers })).rejects.toThrow(
      "this model needs the field 'image', bytes of shape [height, width], or `imageShape`; the fields of the data are image f32[12], label u8[]",
    )
  })

  it('are told the classes where batches come from the caller', async () => {
    const fields = {
      image: { shape: [12], dtype: 'u8' },
      label: { shape: [], dtype: 'u8' },
    } as const
    const trainer = await startTraining(mlp({ hidden: [5], classes: 3 }), { fields })
    await trainer.step({ image, label })
    expect(trainer.weights['head.1.bias']).toHaveLength(3)
    await trainer.dispose()
    await expect(startTraining(mlp({ hidden: [5] }), { fields })).rejects.toThrow(
      'this model needs labels that are u8 or i32, one from 0 on for each example, or `classes`; the fields of the data are image u8[12], label u8[]',
    )
  })
})
