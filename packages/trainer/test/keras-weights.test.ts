// Networks that Keras trained (tools/oracles/weights_keras.py) give Keras's outputs here.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { add, defineModel, mean, sum } from '@gradpool/core'
import {
  batchNorm,
  bidirectional,
  conv2d,
  conv2dTranspose,
  dense,
  depthwiseConv2d,
  embedding,
  flatten,
  gru,
  layerNorm,
  lstm,
  maxPool2d,
  multiHeadAttention,
  rnn,
  separableConv2d,
  silu,
} from '@gradpool/models'
import { encodeSafetensors } from '@gradpool/storage'
import { describe, expect, it } from 'vitest'
import { loadNpz, loadSafetensors, startTraining } from '../src/index.js'

const inFolder = (name: string) =>
  fileURLToPath(new URL(`../../../tools/oracles/weights_keras/${name}`, import.meta.url))

/** Keras's own, where it is not that of the layer here. */
const epsilon = 1e-3

const imagesLayers = {
  first: conv2d(2, 4, 5, { padding: 'same', activation: 'relu' }),
  depthwise: depthwiseConv2d(4, 3, { strides: 2, padding: 'same', multiplier: 2, bias: false }),
  norm: batchNorm(8, { epsilon }),
  separable: separableConv2d(8, 6, 3),
  transposed: conv2dTranspose(6, 3, 2, { strides: 2 }),
  hidden: dense(4 * 4 * 3, 16, { activation: 'gelu' }),
  output: dense(16, 5),
}
const images = defineModel({
  params: imagesLayers,
  step: ({ output }, { image, label }) => ({ loss: add(mean(image), sum(add(output.bias, mean(label)))) }),
  predict({ first, depthwise, norm, separable, transposed, hidden, output }, { image }) {
    const features = transposed(separable(silu(norm(depthwise(first(image))))))
    return { outputs: output(hidden(flatten(maxPool2d(features, 2)))) }
  },
})

const sequencesLayers = {
  both: bidirectional(gru(3, 4, { returns: 'sequence' })),
  lstm: lstm(8, 5, { returns: 'sequence' }),
  simple: rnn(5, 4, { returns: 'sequence' }),
  last: gru(4, 3),
  output: dense(3, 3),
}
const sequences = defineModel({
  params: sequencesLayers,
  step: ({ output }, { image, label }) => ({ loss: add(mean(image), sum(add(output.bias, mean(label)))) }),
  predict: ({ both, lstm, simple, last, output }, { image }) => ({
    outputs: output(last(simple(lstm(both(image))))),
  }),
})

const textsLayers = {
  words: embedding(12, 8),
  norm: layerNorm(8, { epsilon }),
  attention: multiHeadAttention(8, 2, { headWidth: 3 }),
  output: dense(8, 3),
}
const texts = defineModel({
  params: textsLayers,
  step: ({ output }, { image, label }) => ({ loss: add(mean(image), sum(add(output.bias, mean(label)))) }),
  predict({ words, norm, attention, output }, { image }) {
    const x = words(image)
    return { outputs: output(mean(add(x, attention(norm(x))), 1)) }
  },
})

const label = { shape: [], dtype: 'u8' } as const

describe.each([
  ['images', imagesLayers, images, { shape: [12, 12, 2], dtype: 'f32' }, { images: '' }],
  ['sequences', sequencesLayers, sequences, { shape: [6, 3], dtype: 'f32' }, { sequences: '' }],
  ['texts', textsLayers, texts, { shape: [6], dtype: 'i32' }, {}],
] as const)("Keras's weights of %s", (name, layers, model, image, rename) => {
  const { inputs, outputs: wanted } = JSON.parse(readFileSync(inFolder(`${name}.json`), 'utf8')) as {
    readonly inputs: readonly number[]
    readonly outputs: readonly number[]
  }
  const options = { from: 'keras', rename } as const

  it.each([
    ['npz', () => loadNpz(inFolder(`${name}.npz`), options)],
    ['safetensors', () => loadSafetensors(inFolder(`${name}.safetensors`), options)],
  ])('make the outputs that Keras makes, from %s', async (_, load) => {
    const initFrom = await load()
    expect(initFrom.match(layers).unused).toEqual([])
    const trainer = await startTraining(model, { fields: { image, label }, initFrom })
    const values = image.dtype === 'i32' ? Int32Array.from(inputs) : Float32Array.from(inputs)
    const { outputs } = await trainer.predict({ image: values })
    expect(outputs).toHaveLength(wanted.length)
    wanted.forEach((value, index) => {
      expect(Math.abs((outputs[index] ?? NaN) - value), String(index)).toBeLessThan(1e-5)
    })
    await trainer.dispose()
  })
})

describe("what layers of Keras's recurrent kind have here", () => {
  const array = (...shape: number[]) => ({
    shape,
    values: Float32Array.from({ length: shape.reduce((size, extent) => size * extent, 1) }, (_, index) => index),
  })
  const read = (tensors: Readonly<Record<string, ReturnType<typeof array>>>) =>
    loadSafetensors(encodeSafetensors({ tensors: new Map(Object.entries(tensors)), metadata: {} }), { from: 'keras' })

  it('are a GRU’s gates in PyTorch’s order, and its biases added but for the candidate’s', async () => {
    const weights = await read({
      'gru/gru_cell_1/kernel:0': array(1, 3),
      'gru/gru_cell_1/recurrent_kernel:0': array(1, 3),
      'gru/gru_cell_1/bias:0': array(2, 3),
    })
    expect(weights.match({ gru: gru(1, 1) }).states).toEqual({
      'gru.weight': Float32Array.of(1, 0, 2),
      'gru.stateWeight': Float32Array.of(1, 0, 2),
      'gru.bias': Float32Array.of(1 + 4, 0 + 3, 2),
      'gru.stateBias': Float32Array.of(5),
    })
  })

  it('are zeros for biases that are not there', async () => {
    const weights = await read({ 'lstm/lstm_cell/kernel': array(1, 4), 'lstm/lstm_cell/recurrent_kernel': array(1, 4) })
    expect(weights.match({ lstm: lstm(1, 1) }).states['lstm.bias']).toEqual(new Float32Array(4))
  })

  it('are refused of a GRU that resets its state before the product', async () => {
    const old = read({
      'gru/gru_cell/kernel': array(1, 3),
      'gru/gru_cell/recurrent_kernel': array(1, 3),
      'gru/gru_cell/bias': array(3),
    })
    await expect(old).rejects.toThrow("'gru/gru_cell/bias' is of a GRU that resets its state before the product")
  })

  it('keep the name of a layer that is called forward, but has no other', async () => {
    const weights = await read({
      'forward_lstm/lstm_cell/kernel': array(1, 4),
      'forward_lstm/lstm_cell/recurrent_kernel': array(1, 4),
    })
    expect(Object.keys(weights.match({ forward_lstm: lstm(1, 1) }).states)).toHaveLength(3)
  })
})
