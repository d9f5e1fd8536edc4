/** Models of tfjs-layers taken over: the same predictions, and training that goes on from their weights. */
import { adam, defineModel, UserError } from '@gradpool/core'
import { Binding, evaluate, prediction, traceProgram, train } from '@gradpool/core/engine'
import { splitOf } from '@gradpool/engine-contract'
import { crossEntropy } from '@gradpool/models'
import '@tensorflow/tfjs-backend-cpu'
import * as tfc from '@tensorflow/tfjs-core'
import * as tfl from '@tensorflow/tfjs-layers'
import { describe, expect, test } from 'vitest'
import { fromTfjsLayers } from '../index.js'

tfc.env().set('IS_NODE', false)

const NUM_EXAMPLES = 4
const pixels = Uint8Array.from({ length: NUM_EXAMPLES * 12 }, (_, i) => (i * 89) % 256)
const label = Uint8Array.of(0, 2, 1, 1)
const data = splitOf(
  {
    image: { dtype: 'u8', shape: [3, 4], values: pixels },
    label: { dtype: 'u8', shape: [], values: label },
  },
  NUM_EXAMPLES,
)
const original = tfl.sequential({
  layers: [
    tfl.layers.rescaling({ scale: 1 / 255, inputShape: [3, 4] }),
    tfl.layers.flatten(),
    tfl.layers.dense({ units: 6, activation: 'tanh' }),
    tfl.layers.dropout({ rate: 0.25 }),
    tfl.layers.dense({ units: 5, useBias: false }),
    tfl.layers.activation({ activation: 'sigmoid' }),
    tfl.layers.dense({ units: 3, activation: 'softmax' }),
  ],
})
const image = tfc.tensor(Array.from(pixels), [NUM_EXAMPLES, 3, 4])

const classifierOf = (logits: boolean) => {
  const { layers, state } = fromTfjsLayers(original, { logits })
  const classifier = defineModel({
    params: { network: layers },
    step: ({ network }, batch) => ({ loss: crossEntropy(network(batch.image), batch.label) }),
    predict: ({ network }, batch) => ({ output: network(batch.image) }),
  })
  return { classifier, state: state('network') }
}

describe('a Sequential of tfjs', () => {
  test('predicts the same', () => {
    const { classifier, state } = classifierOf(false)
    const { program } = prediction(classifier, { batchSize: NUM_EXAMPLES, data })
    const { output } = evaluate(program, { state, batch: { image: pixels } }).results
    const wanted = (original.predict(image) as tfc.Tensor).dataSync()
    expect(output).toHaveLength(wanted.length)
    wanted.forEach((value, index) => expect(output?.[index]).toBeCloseTo(value, 5))
  })

  test('trains from its weights, with dropout, by logits', () => {
    const { classifier, state } = classifierOf(true)
    const { program } = train(classifier, {
      optimizer: adam({ learningRate: 0.05 }),
      batchSize: 4,
      data,
    })
    const batch = { image: pixels, label }
    let now: Readonly<Record<string, ArrayLike<number>>> = state
    const losses = Array.from({ length: 60 }, (_, step) => {
      const done = evaluate(program, { state: now, batch, step })
      now = done.state
      return done.results.loss?.[0] ?? NaN
    })
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? NaN) / 2)
  })

  test.each([
    'elu',
    'gelu',
    'gelu_new',
    'linear',
    'mish',
    'relu',
    'sigmoid',
    'softmax',
    'softplus',
    'swish',
    'tanh',
  ] as const)('has the same %s', (activation) => {
    const values = [-7, -3, -1.1, -0.2, 0, 0.4, 1.3, 2.9, 8]
    const one = tfl.sequential({ layers: [tfl.layers.activation({ activation, inputShape: [values.length] })] })
    const { layers } = fromTfjsLayers(one)
    const program = traceProgram((trace) => {
      trace.result('y', new Binding(trace, false).bind(layers)(trace.batch('x', 'f32', [1, values.length])))
    })
    const { y } = evaluate(program, { batch: { x: values } }).results
    const wanted = (one.predict(tfc.tensor([values])) as tfc.Tensor).dataSync()
    wanted.forEach((value, index) => expect(y?.[index]).toBeCloseTo(value, 5))
  })

  const inputShape = [7, 6, 4]
  test.each<[string, tfl.layers.Layer[]]>([
    ['conv1d', [tfl.layers.conv1d({ filters: 5, kernelSize: 3, strides: 2, padding: 'same', inputShape: [9, 3] })]],
    ['conv2d', [tfl.layers.conv2d({ filters: 5, kernelSize: [3, 2], activation: 'relu', inputShape })]],
    ['dilations', [tfl.layers.conv2d({ filters: 5, kernelSize: 2, dilationRate: [2, 3], useBias: false, inputShape })]],
    ['strides', [tfl.layers.conv2d({ filters: 3, kernelSize: 3, strides: [2, 3], padding: 'same', inputShape })]],
    [
      'conv2dTranspose',
      [tfl.layers.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, padding: 'same', inputShape })],
    ],
    ['depthwiseConv2d', [tfl.layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, inputShape })]],
    ['separableConv2d', [tfl.layers.separableConv2d({ filters: 3, kernelSize: 3, depthMultiplier: 2, inputShape })]],
    ['maxPooling1d', [tfl.layers.maxPooling1d({ poolSize: 3, strides: 2, inputShape: [9, 3] })]],
    ['maxPooling2d', [tfl.layers.maxPooling2d({ poolSize: [2, 3], padding: 'same', inputShape })]],
    ['averagePooling1d', [tfl.layers.averagePooling1d({ poolSize: 2, inputShape: [9, 3] })]],
    ['averagePooling2d', [tfl.layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same', inputShape })]],
    ['globalAveragePooling1d', [tfl.layers.globalAveragePooling1d({ inputShape: [9, 3] })]],
    ['globalAveragePooling2d', [tfl.layers.globalAveragePooling2d({ inputShape, dataFormat: 'channelsLast' })]],
    ['globalMaxPooling1d', [tfl.layers.globalMaxPooling1d({ inputShape: [9, 3] })]],
    ['globalMaxPooling2d', [tfl.layers.globalMaxPooling2d({ inputShape, dataFormat: 'channelsLast' })]],
    ['batchNormalization', [tfl.layers.batchNormalization({ inputShape })]],
    ['layerNormalization', [tfl.layers.layerNormalization({ epsilon: 0.01, inputShape: [6] })]],
    ['embedding', [tfl.layers.embedding({ inputDim: 11, outputDim: 3, inputShape: [4] }), tfl.layers.flatten()]],
  ])('has the same %s', (_, layers) => {
    const other = tfl.sequential({ layers })
    const numbers = (size: number, shift: number) => Array.from({ length: size }, (_, i) => ((i * 29 + shift) % 11) / 4)
    other.setWeights(other.getWeights().map((weight, at) => tfc.tensor(numbers(weight.size, at), weight.shape)))
    const shape = [2, ...other.inputs.flatMap((input) => input.shape.slice(1).map(Number))]
    const isIndices = layers[0]?.getClassName() === 'Embedding'
    const values = numbers(tfc.util.sizeFromShape(shape), 5).map((value) => (isIndices ? 4 * value : value))
    const { layers: network, state } = fromTfjsLayers(other)
    const program = traceProgram((trace) => {
      const input = trace.batch('x', isIndices ? 'i32' : 'f32', shape)
      trace.result('y', new Binding(trace, false).bind({ network }).network(input))
    })
    const { y } = evaluate(program, { batch: { x: values }, state: state('network') }).results
    const wanted = (other.predict(tfc.tensor(values, shape)) as tfc.Tensor).dataSync()
    expect(y).toHaveLength(wanted.length)
    wanted.forEach((value, index) => expect(y?.[index]).toBeCloseTo(value, 4))
  })

  test.each([
    ['a layer', tfl.layers.upSampling2d({ inputShape: [4, 3, 1], name: 'u' }), /"u" \(UpSampling2D\) cannot be taken/],
    [
      'a setting',
      tfl.layers.conv2d({ filters: 2, kernelSize: 2, dataFormat: 'channelsFirst', inputShape: [1, 4, 3], name: 'c' }),
      /"c" \(Conv2D\) has channels that do not come last, and so cannot/,
    ],
    ['a part', tfl.layers.batchNormalization({ center: false, inputShape: [4], name: 'b' }), /"b".* has center: false/],
    ['an activation', tfl.layers.dense({ units: 2, activation: 'selu', inputShape: [3], name: 'd' }), /"d".*"selu"/],
    [
      'the hard sigmoid of tfjs',
      tfl.layers.activation({ activation: 'hardSigmoid', inputShape: [3], name: 'h' }),
      /"h".*"hardSigmoid"/,
    ],
  ])('is refused for %s that is not supported, by name', (_, layer, message) => {
    const other = tfl.sequential({ layers: [layer] })
    expect(() => fromTfjsLayers(other)).toThrow(UserError)
    expect(() => fromTfjsLayers(other)).toThrow(message)
  })
})
