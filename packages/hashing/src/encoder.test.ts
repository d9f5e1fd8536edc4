import { train } from '@gradpool/core/engine'
import { autoencode } from '@gradpool/models'
import { decodeSavedModel } from '@gradpool/storage'
import { encodeModel, loadModel } from '@gradpool/trainer'
import { sgd } from '@gradpool/core'
import { initialState, type StateValues } from '@gradpool/core/engine'
import { describe, expect, it, onTestFinished } from 'vitest'
import { encoderOf } from './encoder.js'

const numPixels = 6
const bits = 3
const fields = { image: { dtype: 'u8', shape: [numPixels] } } as const
const model = autoencode({
  input: numPixels,
  encoder: [4, bits],
  decoder: [numPixels],
  codeActivation: 'sigmoid',
  scale: 1 / 255,
})
const training = train(model, {
  batchSize: 2,
  data: { fields, numExamples: 2 },
  optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
})
const states = initialState(training.program, 3)

function saved(by: StateValues = {}) {
  const trained = { model, fields, training, states: { ...states, ...by } }
  const bytes = encodeModel({ ...trained, provenance: { seed: 3 }, metrics: {} })
  return decodeSavedModel(bytes, 'it')
}

function encoder(by: StateValues = {}) {
  const made = encoderOf('some', saved(by))
  if (made === undefined) throw new Error('an autoencoder predicts its code')
  return made
}

describe('an encoder', () => {
  it('makes the codes that the whole model makes, from a file of its own', async () => {
    const { bytes, ...rest } = encoder()
    expect(rest).toMatchObject({ bits, model: { name: 'some' } })
    const names = { inputs: ['image'], outputs: ['code'] } as const
    const own = await loadModel(bytes, names)
    const whole = await loadModel(encodeModel({ model, fields, states, provenance: {}, metrics: {} }))
    onTestFinished(async () => {
      await own.dispose()
      await whole.dispose()
    })
    const weights = ['encoder.0.bias', 'encoder.0.weight', 'encoder.1.bias', 'encoder.1.weight']
    expect(Object.keys(own.weights).sort()).toEqual(weights)
    expect(Object.keys(own.outputs)).toEqual(['code'])
    expect(own.hash).toBe(rest.model.hash)
    for (const rows of [1, 3, 300]) {
      const image = Uint8Array.from({ length: rows * numPixels }, (_, at) => (at * at * 31) % 256)
      const { code } = await own.predict({ image })
      expect(code).toEqual((await whole.predict({ image })).code)
      expect(new Set(code).size).toBeGreaterThan(1)
      // Each by the same bits, whatever is encoded with it.
      const last = await own.predict({ image: image.slice(-numPixels) })
      expect(last.code).toEqual(code.slice(-bits))
    }
  })

  it('is named by what makes its codes alone, and stays what it is', () => {
    const { model, bytes } = encoder()
    expect(encoderOf('some', decodeSavedModel(bytes, 'it'))).toEqual(encoder())
    const decoder = { 'decoder.0.bias': Float32Array.from({ length: numPixels }, () => 1) }
    expect(encoder(decoder).model).toEqual(model)
    const changed = encoder({ 'encoder.1.bias': Float32Array.of(1, 2, 3) })
    expect(changed.model.hash).not.toBe(model.hash)
  })

  it('is undefined of a model that makes no codes', () => {
    const { predict, ...rest } = saved()
    expect(encoderOf('some', rest)).toBeUndefined()
    const outputs = predict?.outputs.map((one) => ({ ...one, name: `not ${one.name}` })) ?? []
    expect(encoderOf('some', { ...rest, ...(predict && { predict: { ...predict, outputs } }) })).toBeUndefined()
  })
})
