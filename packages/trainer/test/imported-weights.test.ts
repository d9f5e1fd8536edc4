// Networks that PyTorch trained (tools/oracles/weights_torch.py) give PyTorch's outputs here.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { add, type Batch, defineModel, mean, type Module, parameter, relu, sum, zeros } from '@gradpool/core'
import {
  batchNorm,
  bidirectional,
  conv2d,
  conv2dTranspose,
  crossEntropy,
  dense,
  depthwiseConv2d,
  embedding,
  flatten,
  gru,
  type Layer,
  layerNorm,
  lstm,
  maxPool2d,
  multiHeadAttention,
  sequential,
} from '@gradpool/models'
import { encodeSafetensors, type NamedArray } from '@gradpool/storage'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { temporaryFolder } from '../src/testing/temporary-folder.js'
import { fit, type ImportOptions, loadModel, loadNpz, loadSafetensors, startTraining } from '../src/index.js'

const inFolder = (name: string) =>
  fileURLToPath(new URL(`../../../tools/oracles/weights_torch/${name}`, import.meta.url))
const oracle = JSON.parse(readFileSync(inFolder('lenet.json'), 'utf8')) as {
  readonly images: readonly number[]
  readonly logits: readonly number[]
  readonly loss: number
}

const lenet = defineModel({
  params: {
    first: conv2d(1, 4, 5, { padding: 'same', activation: 'relu' }),
    second: conv2d(4, 6, 3, { padding: 'same', bias: false }),
    norm: batchNorm(6),
    hidden: dense(6 * 3 * 3, 16, { activation: 'relu' }),
    output: dense(16, 5),
  },
  step: (layers, { image, label }) => ({ loss: crossEntropy(logitsOf(layers, image), label) }),
  predict: (layers, { image }) => ({ logits: logitsOf(layers, image) }),
})

function logitsOf(
  { first, second, norm, hidden, output }: Readonly<Record<'first' | 'second' | 'norm' | 'hidden' | 'output', Layer>>,
  image: Parameters<Layer>[0],
) {
  return output(hidden(flatten(maxPool2d(relu(norm(second(maxPool2d(first(image), 2)))), 2))))
}

const rename = { conv1: 'first', conv2: 'second', fc1: 'hidden', fc2: 'output' }
const fromTorch = { from: 'pytorch', rename, flattened: { hidden: [6, 3, 3] } } as const
const fields = { image: { shape: [12, 12, 1] }, label: { shape: [], dtype: 'u8' } } as const

/** The states that a model of one layer begins with, given tensors of a file. */
async function statesOf(layer: Module<unknown>, tensors: Readonly<Record<string, NamedArray>>, options: ImportOptions) {
  const bytes = encodeSafetensors({ tensors: new Map(Object.entries(tensors)), metadata: {} })
  const weights = await loadSafetensors(bytes, options)
  return weights.match({ layer }).states
}

const counting = (...shape: number[]): NamedArray => ({
  shape,
  values: Float32Array.from({ length: shape.reduce((size, extent) => size * extent, 1) }, (_, index) => index),
})

describe("PyTorch's weights", () => {
  it.each([
    ['safetensors', () => loadSafetensors(inFolder('lenet.safetensors'), fromTorch)],
    ['npz', () => loadNpz(inFolder('lenet.npz'), fromTorch)],
  ])('make the outputs that PyTorch makes, from %s', async (_, load) => {
    const trainer = await startTraining(lenet, { fields, initFrom: await load() })
    const { logits } = await trainer.predict({ image: Float32Array.from(oracle.images) })
    expect(logits).toHaveLength(oracle.logits.length)
    oracle.logits.forEach((wanted, index) => {
      expect(Math.abs((logits[index] ?? NaN) - wanted), String(index)).toBeLessThan(
        1e-5 * Math.max(1, Math.abs(wanted)),
      )
    })
    await trainer.dispose()
  })

  it('make the outputs that PyTorch makes, of recurrent layers in both directions and on top of each other', async () => {
    const { sequences, logits: wanted } = JSON.parse(readFileSync(inFolder('recurrent.json'), 'utf8')) as {
      readonly sequences: readonly number[]
      readonly logits: readonly number[]
    }
    const recurrent = defineModel({
      params: {
        gru: bidirectional(gru(3, 4, { returns: 'sequence' })),
        lstm: sequential([lstm(8, 5, { returns: 'sequence' }), lstm(5, 5)]),
        fc: dense(5, 3),
      },
      step: ({ gru, lstm, fc }, { image, label }) => ({ loss: crossEntropy(fc(lstm(gru(image))), label) }),
      predict: ({ gru, lstm, fc }, { image }) => ({ logits: fc(lstm(gru(image))) }),
    })
    const initFrom = await loadSafetensors(inFolder('recurrent.safetensors'), { from: 'pytorch' })
    const ofSequences = { image: { shape: [6, 3] }, label: { shape: [], dtype: 'u8' } } as const
    const trainer = await startTraining(recurrent, { fields: ofSequences, initFrom })
    const { logits } = await trainer.predict({ image: Float32Array.from(sequences) })
    expect(logits).toHaveLength(wanted.length)
    wanted.forEach((value, index) => expect(logits[index]).toBeCloseTo(value, 5))
    await trainer.dispose()
  })

  it('make the outputs that PyTorch makes, of a transformer of two layers', async () => {
    const { characters, logits: wanted } = JSON.parse(readFileSync(inFolder('transformer.json'), 'utf8')) as {
      readonly characters: readonly number[]
      readonly logits: readonly number[]
    }
    const block = {
      self_attn: multiHeadAttention(8, 2),
      linear1: dense(8, 16, { activation: 'relu' }),
      linear2: dense(16, 8),
      norm1: layerNorm(8),
      norm2: layerNorm(8),
    }
    const transformer = defineModel({
      params: {
        embed: embedding(12, 8),
        positions: parameter([6, 8], zeros),
        layers: [block, block],
        norm: layerNorm(8),
        fc: dense(8, 3),
      },
      step: ({ fc }, { label }) => ({ loss: sum(add(fc.bias, mean(label))) }),
      predict({ embed, positions, layers, norm, fc }, { text }: Batch<'text'>) {
        const through = layers.reduce(
          (x, { self_attn, linear1, linear2, norm1, norm2 }) => {
            const attended = add(x, self_attn(norm1(x)))
            return add(attended, linear2(linear1(norm2(attended))))
          },
          add(embed(text), positions),
        )
        return { logits: fc(mean(norm(through), 1)) }
      },
    })
    const initFrom = await loadSafetensors(inFolder('transformer.safetensors'), { from: 'pytorch' })
    const ofText = { text: { shape: [6], dtype: 'i32' }, label: { shape: [], dtype: 'u8' } } as const
    const trainer = await startTraining(transformer, { fields: { ...ofText, image: { shape: [] } }, initFrom })
    const { logits } = await trainer.predict({ text: Int32Array.from(characters) })
    expect(logits).toHaveLength(wanted.length)
    wanted.forEach((value, index) => expect(logits[index]).toBeCloseTo(value, 5))
    await trainer.dispose()
  })

  it('are trained further by fit', async () => {
    const image = { values: Float32Array.from(oracle.images), shape: [12, 12, 1] }
    const data = { image, label: { values: Uint8Array.of(0, 1, 2, 3, 4, 0), shape: [] } }
    const initFrom = await loadSafetensors(inFolder('lenet.safetensors'), fromTorch)
    const onWarning = vi.fn()
    const fitted = await fit(lenet, { data, initFrom, epochs: 1, batchSize: 6, onWarning })
    expect(onWarning).not.toHaveBeenCalled()
    expect(fitted.history[0]?.loss).toBeCloseTo(oracle.loss, 5)
  })
})

describe('the layout of another library', () => {
  it.each([
    ['dense', dense(2, 3, { bias: false }), { 'layer.weight': counting(3, 2) }, [0, 2, 4, 1, 3, 5]],
    ['an embedding, which stays', embedding(2, 3), { 'layer.weight': counting(2, 3) }, [0, 1, 2, 3, 4, 5]],
    ['a square dense layer, too', dense(2, 2, { bias: false }), { 'layer.weight': counting(2, 2) }, [0, 2, 1, 3]],
    [
      'a convolution',
      conv2d(2, 3, [1, 2], { bias: false }),
      { 'layer.weight': counting(3, 2, 1, 2) },
      // Window, channel, filter: PyTorch's index is 4 filter + 2 channel + window.
      [0, 4, 8, 2, 6, 10, 1, 5, 9, 3, 7, 11],
    ],
    [
      'a transposed convolution, whose first axis there is its input',
      conv2dTranspose(2, 3, [1, 1], { bias: false }),
      { 'layer.weight': counting(2, 3, 1, 1) },
      // Filter, channel.
      [0, 3, 1, 4, 2, 5],
    ],
  ])('of PyTorch: %s', async (_, layer, tensors, wanted) => {
    const states = await statesOf(layer, tensors, { from: 'pytorch' })
    expect([...(states['layer.weight'] ?? [])]).toEqual(wanted)
  })

  it('of PyTorch: the four vectors of batch norm, and the two of layer norm', async () => {
    const tensors = Object.fromEntries(
      ['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked'].map((name, index) => [
        `layer.${name}`,
        { shape: [1], values: Float32Array.of(index) },
      ]),
    )
    expect(await statesOf(batchNorm(1), tensors, { from: 'pytorch' })).toEqual({
      'layer.scale': Float32Array.of(0),
      'layer.shift': Float32Array.of(1),
      'layer.mean': Float32Array.of(2),
      'layer.variance': Float32Array.of(3),
    })
    const { 'layer.weight': scale, 'layer.bias': shift } = tensors
    const ofNorm = { ...(scale && { 'layer.weight': scale }), ...(shift && { 'layer.bias': shift }) }
    expect(Object.keys(await statesOf(layerNorm(1), ofNorm, { from: 'pytorch' }))).toEqual([
      'layer.scale',
      'layer.shift',
    ])
  })

  it('of Keras: names with slashes, kernels as they are', async () => {
    const dense1 = { 'net/dense_1/kernel:0': counting(2, 3), 'net/dense_1/bias:0': counting(3) }
    expect(await statesOf(dense(2, 3), dense1, { from: 'keras', rename: { 'net.dense_1': 'layer' } })).toEqual({
      'layer.weight': Float32Array.of(0, 1, 2, 3, 4, 5),
      'layer.bias': Float32Array.of(0, 1, 2),
    })
    const depthwise = { 'layer/depthwise_kernel': counting(1, 1, 2, 2) }
    const layer = depthwiseConv2d(2, 1, { multiplier: 2, bias: false })
    const named = { from: 'keras', rename: { 'layer.depthwise_kernel': 'layer.kernel' } } as const
    expect(await statesOf(layer, depthwise, named)).toEqual({ 'layer.weight': Float32Array.of(0, 1, 2, 3) })
  })

  it('of Keras: names that would become one are refused', async () => {
    const tensors = { 'layer/kernel': counting(2, 3), 'layer.kernel': counting(2, 3) }
    await expect(statesOf(dense(2, 3, { bias: false }), tensors, { from: 'keras' })).rejects.toThrow(
      "'layer.kernel' and 'layer/kernel' of the model would both be 'layer.kernel'",
    )
  })

  it('cuts a tensor into equal parts for several parameters', async () => {
    const tensors = { 'in_proj.weight': counting(4, 1) }
    const rename = { 'in_proj.weight': ['a.weight', 'b.weight'] }
    const bytes = encodeSafetensors({ tensors: new Map(Object.entries(tensors)), metadata: {} })
    const weights = await loadSafetensors(bytes, { from: 'pytorch', rename })
    const two = { a: dense(1, 2, { bias: false }), b: dense(1, 2, { bias: false }) }
    expect(weights.match(two).states).toEqual({ 'a.weight': Float32Array.of(0, 1), 'b.weight': Float32Array.of(2, 3) })
    expect(() => weights.match({ a: two.a })).not.toThrow()
  })
})

describe('what does not fit', () => {
  const load = (options: ImportOptions) => loadSafetensors(inFolder('lenet.safetensors'), options)
  const started = async (options: ImportOptions) => startTraining(lenet, { fields, initFrom: await load(options) })

  it.each([
    [
      'a parameter without a tensor',
      { from: 'pytorch' },
      /has nothing for first\.weight, first\.bias, .*; it has .*conv1/,
    ],
    [
      'a tensor of another shape',
      { ...fromTorch, rename: { ...rename, fc1: 'output', fc2: 'hidden' } },
      /'fc2\.weight' of '.+' is \[5, 16\], but 'hidden\.weight' needs \[16, 54\] there, which is \[54, 16\] here/,
    ],
    [
      'a name that is not there',
      { ...fromTorch, rename: { conv9: 'first' } },
      /rename: .* has nothing named 'conv9'; it has .*conv1/,
    ],
    ['two names that become one', { ...fromTorch, rename: { ...rename, fc1: 'output' } }, /would both be 'output/],
    ['a flattened layer that is not there', { ...fromTorch, flattened: { head: [6, 3, 3] } }, /no layer 'head'/],
    [
      'flattened channels of another size',
      { ...fromTorch, flattened: { hidden: [6, 4, 4] } },
      /are 96 inputs, 'hidden\.weight' has 54/,
    ],
    [
      'parts that do not divide',
      { ...fromTorch, rename: { ...rename, 'fc2.weight': ['a', 'b'] } },
      /'fc2\.weight' is \[5, 16\], which does not divide into 2 parts/,
    ],
  ] as const)('%s is one sentence', async (_, options, message) => {
    await expect(started(options)).rejects.toThrow(message)
  })

  it('a library that is not known is named with those that are', async () => {
    // @ts-expect-error a name that the type does not have
    await expect(load({ from: 'mxnet' })).rejects.toThrow('from must be one of pytorch, keras, not "mxnet"')
  })

  it('parameters that are not in the file keep their first values where that is asked for', async () => {
    const widened = defineModel({
      params: { first: conv2d(1, 4, 5), fresh: dense(16, 3) },
      step: ({ first, fresh }, { image, label }) => ({
        loss: crossEntropy(fresh(flatten(first(image))), label),
      }),
    })
    const weights = await load({ from: 'pytorch', rename: { conv1: 'first' }, partial: true })
    const image = { values: new Float32Array(2 * 36), shape: [6, 6, 1] }
    const data = { image, label: { values: Uint8Array.of(0, 1), shape: [] } }
    const onWarning = vi.fn()
    const { weights: after } = await fit(widened, { data, initFrom: weights, epochs: 1, batchSize: 2, onWarning })
    expect(Object.keys(after).sort()).toEqual(['first.bias', 'first.weight', 'fresh.bias', 'fresh.weight'])
    // All that was not used is named, but for what PyTorch only counts.
    expect(onWarning.mock.calls).toEqual([
      [
        'the model does not use 9 of the tensors: conv2.weight, fc1.bias, fc1.weight, fc2.bias, fc2.weight, norm.bias, norm.running_mean, norm.running_var, norm.weight',
      ],
    ])
  })

  it('a saved model that is trained without its code takes none of them', async () => {
    const image = { values: Float32Array.from(oracle.images), shape: [12, 12, 1] }
    const data = { image, label: { values: Uint8Array.of(0, 1, 2, 3, 4, 0), shape: [] } }
    const path = join(await temporaryFolder(), 'lenet.gradpool')
    await (await fit(lenet, { data, epochs: 1, batchSize: 6 })).save(path)
    const saved = await loadModel(path)
    const initFrom = await load(fromTorch)
    await expect(saved.fit({ data, initFrom })).rejects.toThrow("need the model's own code")
  })
})
