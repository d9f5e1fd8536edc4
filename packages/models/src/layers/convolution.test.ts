/**
 * Convolutional layers and pooling: whole trainings against JAX (tools/oracles/convolution_jax.json), each layer by the
 * contract of all, first weights, and what is refused.
 */
import { readFileSync } from 'node:fs'
import {
  adam,
  defineModel,
  type Model,
  module,
  type Module,
  reshape,
  sgd,
  summary,
  type Tensor,
  UserError,
} from '@gradpool/core'
import { Binding, evaluate, initialState, traceProgram, train } from '@gradpool/core/engine'
import { describe, expect, expectTypeOf, test } from 'vitest'
import {
  accuracy,
  averagePool1d,
  averagePool2d,
  conv1d,
  conv2d,
  conv2dTranspose,
  conv3d,
  crossEntropy,
  dense,
  depthwiseConv2d,
  flatten,
  globalAveragePool,
  globalMaxPool,
  type Layer,
  maxPool1d,
  maxPool2d,
  separableConv2d,
} from '../index.js'
import { compute } from '../testing/compute.js'
import { describeLayer } from '../testing/describe-layer.js'

interface Numbers {
  readonly shape: readonly number[]
  readonly values: readonly number[]
}

interface Oracle {
  readonly optimizer: { readonly lr: number; readonly beta1: number; readonly beta2: number; readonly eps: number }
  readonly images: Numbers
  readonly labels: readonly number[]
  readonly batches: readonly (readonly number[])[]
  readonly cases: readonly {
    readonly name: string
    readonly firstWeights: Readonly<Record<string, Numbers>>
    readonly losses: readonly number[]
    readonly firstGradients: Readonly<Record<string, readonly number[]>>
    readonly finalWeights: Readonly<Record<string, readonly number[]>>
  }[]
}

const oracleFile = new URL('../../../../tools/oracles/convolution_jax.json', import.meta.url)
const oracle = JSON.parse(readFileSync(oracleFile, 'utf8')) as Oracle

const models: Readonly<Record<string, Model>> = {
  lenet: defineModel({
    params: {
      first: conv2d(2, 3, 3, { padding: 'same', activation: 'relu' }),
      second: conv2d(3, 4, 3, { padding: 1, activation: 'relu' }),
      output: dense(16, 3),
    },
    step: ({ first, second, output }, { image, label }) => ({
      loss: crossEntropy(output(flatten(maxPool2d(second(maxPool2d(first(image), 2)), 2))), label),
    }),
  }),
  others: defineModel({
    params: {
      strided: conv2d(2, 4, 3, {
        strides: 2,
        padding: [
          [1, 0],
          [2, 1],
        ],
        activation: 'tanh',
      }),
      separable: separableConv2d(4, 6, 3, { multiplier: 2, padding: 'same', activation: 'tanh' }),
      grouped: conv2d(6, 4, [3, 3], { groups: 2, dilations: 2, padding: 2, activation: 'tanh' }),
      up: conv2dTranspose(4, 3, 4, { strides: 2, padding: 'same', activation: 'tanh' }),
      output: dense(3, 3),
    },
    step({ strided, separable, grouped, up, output }, { image, label }) {
      const mixed = grouped(maxPool2d(separable(strided(image)), 3, { strides: 1, padding: 'same' }))
      const pooled = averagePool2d(up(mixed), 3, { strides: 2, padding: 'same' })
      return { loss: crossEntropy(output(globalAveragePool(pooled)), label) }
    },
  }),
}

const imageShape = oracle.images.shape.slice(1)
const data = {
  fields: { image: { dtype: 'f32', shape: imageShape }, label: { dtype: 'u8', shape: [] } },
  numExamples: oracle.labels.length,
} as const

function batchOf(rows: readonly number[]) {
  const size = imageShape.reduce((a, b) => a * b, 1)
  return {
    image: rows.flatMap((row) => oracle.images.values.slice(row * size, (row + 1) * size)),
    label: rows.map((row) => oracle.labels[row] ?? NaN),
  }
}

describe.each(oracle.cases)('$name', ({ name, firstWeights, losses, firstGradients, finalWeights }) => {
  const model = models[name]
  if (!model) throw new Error(`no model for the case ${name}`)
  const batchSize = oracle.batches[0]?.length ?? 0
  const first = Object.fromEntries(Object.entries(firstWeights).map(([path, { values }]) => [path, values]))

  test('has parameters of JAX’s shapes', () => {
    const { program } = train(model, { optimizer: sgd(), batchSize, data })
    const shapes = Object.fromEntries(program.states.map(({ name, shape }) => [name, shape]))
    expect(shapes).toMatchObject(
      Object.fromEntries(Object.entries(firstWeights).map(([path, { shape }]) => [path, shape])),
    )
  })

  test('the first gradients are JAX’s', () => {
    const { program } = train(model, { optimizer: sgd({ learningRate: 1 }), batchSize, data })
    const { state } = evaluate(program, { state: first, batch: batchOf(oracle.batches[0] ?? []) })
    for (const [path, gradient] of Object.entries(firstGradients)) {
      gradient.forEach((value, i) => {
        expect((first[path]?.[i] ?? NaN) - (state[path]?.[i] ?? NaN)).toBeCloseTo(value, 7)
      })
    }
  })

  test.each([1, 3])('the losses of all steps and the final weights are JAX’s, of %i micro-batches', (microBatches) => {
    const { lr, beta1, beta2, eps } = oracle.optimizer
    const optimizer = adam({ learningRate: lr, beta1, beta2, epsilon: eps })
    const { program } = train(model, { optimizer, batchSize, microBatches, data })
    let state: Readonly<Record<string, ArrayLike<number>>> = first
    oracle.batches.forEach((rows, step) => {
      const next = evaluate(program, { state, batch: batchOf(rows), step })
      expect(next.results.loss?.[0]).toBeCloseTo(losses[step] ?? NaN, 6)
      state = next.state
    })
    for (const [path, weights] of Object.entries(finalWeights)) {
      weights.forEach((value, i) => expect(state[path]?.[i]).toBeCloseTo(value, 6))
    }
  })
})

/** A layer over images as one over their features, whose states are under `own`. */
function overImages(own: Module<Layer>, shape: readonly number[]): Module<Layer> {
  return module({ own }, (bound) => (x) => flatten(bound.own(reshape(x, [-1, ...shape]))))
}

describeLayer('conv1d', {
  layer: () => overImages(conv1d(2, 3, 3, { padding: 'same' }), [4, 2]),
  numInputs: 8,
  numOutputs: 12,
  states: { 'own.weight': [3, 2, 3], 'own.bias': [3] },
})
describeLayer('conv2d without bias', {
  layer: () => overImages(conv2d(2, 3, [2, 1], { bias: false, activation: 'tanh' }), [3, 2, 2]),
  numInputs: 12,
  numOutputs: 12,
  states: { 'own.weight': [2, 1, 2, 3] },
})
describeLayer('conv3d', {
  layer: () => overImages(conv3d(1, 2, 2), [2, 2, 2, 1]),
  numInputs: 8,
  numOutputs: 2,
  states: { 'own.weight': [2, 2, 2, 1, 2], 'own.bias': [2] },
})
describeLayer('depthwiseConv2d', {
  layer: () => overImages(depthwiseConv2d(2, 2, { multiplier: 2 }), [2, 3, 2]),
  numInputs: 12,
  numOutputs: 8,
  states: { 'own.weight': [2, 2, 1, 4], 'own.bias': [4] },
})
describeLayer('separableConv2d', {
  layer: () => overImages(separableConv2d(2, 3, 2, { padding: 'same' }), [2, 2, 2]),
  numInputs: 8,
  numOutputs: 12,
  states: { 'own.depthwise.weight': [2, 2, 1, 2], 'own.pointwise.weight': [1, 1, 2, 3], 'own.pointwise.bias': [3] },
})
describeLayer('conv2dTranspose', {
  layer: () => overImages(conv2dTranspose(2, 1, 2, { strides: 2 }), [2, 2, 2]),
  numInputs: 8,
  numOutputs: 16,
  states: { 'own.weight': [2, 2, 1, 2], 'own.bias': [1] },
})

describe('weights', () => {
  /** The largest of thousands of uniform numbers, which is short of the limit by less than a hundredth. */
  const largest = (layer: Module<Layer>, shape: readonly number[]) => {
    const program = traceProgram((trace) => {
      trace.result('y', new Binding(trace, true).bind(layer)(trace.batch('x', 'f32', [1, ...shape])))
    })
    return Math.max(...Object.values(initialState(program, 0)).flatMap((values) => [...values].map(Math.abs)))
  }

  test('start from He before a ReLU, else from Glorot, by what a filter sees', () => {
    const image = [8, 8, 20]
    const relu = { activation: 'relu' } as const
    expect(largest(conv2d(20, 30, 5, relu), image) / Math.sqrt(6 / (25 * 20))).toBeCloseTo(1, 2)
    expect(largest(conv2d(20, 30, 5), image) / Math.sqrt(6 / (25 * 20 + 25 * 30))).toBeCloseTo(1, 2)
    expect(largest(conv2d(20, 30, 5, { ...relu, groups: 2 }), image) / Math.sqrt(6 / (25 * 10))).toBeCloseTo(1, 2)
    expect(largest(conv2d(20, 30, 5, { activation: 'silu' }), image) / Math.sqrt(6 / (25 * 20))).toBeCloseTo(1, 2)
    expect(largest(conv2d(20, 30, 5, { groups: 2 }), image) / Math.sqrt(6 / (25 * 10 + 25 * 15))).toBeCloseTo(1, 2)
    expect(largest(conv2dTranspose(20, 30, 5, relu), image) / Math.sqrt(6 / (25 * 20))).toBeCloseTo(1, 2)
    const depthwise = { ...relu, multiplier: 9 }
    expect(largest(depthwiseConv2d(20, 5, depthwise), image) / Math.sqrt(6 / 25)).toBeCloseTo(1, 2)
    expect(largest(conv2d(20, 30, 5, { weight: { kind: 'constant', value: 7 } }), image)).toBe(7)
  })

  test('are properties of the bound layer, and there is no bias where there is none', () => {
    defineModel({
      params: { plain: conv2d(1, 2, 3), bare: conv1d(1, 2, 3, { bias: false }), separable: separableConv2d(2, 2, 3) },
      step({ plain, bare, separable }, { image }) {
        expectTypeOf(plain.bias).toEqualTypeOf<Tensor>()
        expectTypeOf(bare).not.toHaveProperty('bias')
        expectTypeOf(separable.pointwise.bias).toEqualTypeOf<Tensor>()
        expectTypeOf(separable.depthwise).not.toHaveProperty('bias')
        return { loss: globalAveragePool(plain(image)) }
      },
    })
  })
})

describe('pooling', () => {
  const of = (shape: readonly number[], values: readonly number[], build: (x: Tensor) => Tensor) =>
    compute([{ shape, values }], (x) => build(x))

  test('is over one or two axes, or over all of them', () => {
    const values = [1, 5, 2, 8, 3, 3, 9, 4]
    expect(of([1, 8, 1], values, (x) => maxPool1d(x, 2))).toEqual([5, 8, 3, 9])
    expect(of([1, 8, 1], values, (x) => averagePool1d(x, 4))).toEqual([4, 4.75])
    expect(of([1, 2, 4, 1], values, (x) => maxPool2d(x, 2))).toEqual([5, 9])
    expect(of([1, 2, 4, 1], values, (x) => maxPool2d(x, [1, 4]))).toEqual([8, 9])
    expect(of([1, 2, 4, 1], values, (x) => averagePool2d(x, 2))).toEqual([3, 5.75])
    expect(of([1, 2, 2, 2], values, globalAveragePool)).toEqual([3.75, 5])
    expect(of([2, 2, 2], values, globalMaxPool)).toEqual([2, 8, 9, 4])
  })

  test('needs spatial axes', () => {
    const refused = (shape: readonly number[], build: (x: Tensor) => Tensor) => () => of(shape, [1], build)
    expect(refused([1, 1, 1], (x) => maxPool2d(x, 2))).toThrow(
      'maxPool2d: x must be [batch, height, width, channels], not f32[1, 1, 1]',
    )
    expect(refused([1, 1], (x) => averagePool1d(x, 2))).toThrow('averagePool1d: x must be [batch, length, channels]')
    expect(refused([1, 1], globalMaxPool)).toThrow(
      'globalMaxPool: x must be [batch, ...spatial, channels], not f32[1, 1]',
    )
    expect(refused([], flatten)).toThrow('flatten: x must be [batch, ...], not one number')
  })
})

test.each<[string, () => unknown]>([
  ['conv2d: channels must be a whole number of at least 1, not 0', () => conv2d(0, 1, 3)],
  ['conv2d: filters must be a whole number of at least 1, not 1.5', () => conv2d(1, 1.5, 3)],
  ['conv2d: groups must be a whole number of at least 1, not 0', () => conv2d(1, 1, 3, { groups: 0 })],
  ['conv2d: the window must be a whole number of at least 1, not 0', () => conv2d(1, 1, [3, 0])],
  ['conv2d: the window must have 2 numbers, not 1', () => conv2d(1, 1, [3])],
  ['conv1d: 3 channels do not divide into 2 groups', () => conv1d(3, 2, 3, { groups: 2 })],
  ['conv1d: 3 filters do not divide into 2 groups', () => conv1d(2, 3, 3, { groups: 2 })],
  [
    'depthwiseConv2d: multiplier must be a whole number of at least 1, not 0',
    () => depthwiseConv2d(1, 3, { multiplier: 0 }),
  ],
  ['separableConv2d: multiplier must be a whole', () => separableConv2d(1, 3, 3, { multiplier: 0 })],
])('%s', (message, make) => {
  expect(make).toThrow(UserError)
  expect(make).toThrow(message)
})

test('an input of another rank names the layer, of another number of channels both shapes', () => {
  const traced = (shape: readonly number[]) => () =>
    traceProgram((trace) => {
      trace.result('y', new Binding(trace, true).bind(conv2d(3, 4, 2))(trace.batch('x', 'f32', shape)))
    })
  expect(traced([5, 784])).toThrow('conv2d: x must be [batch, height, width, channels], not f32[5, 784]')
  expect(traced([5, 8, 8, 1])).toThrow(/conv of f32\[5, 8, 8, 1\] and f32\[2, 2, 3, 4\].*convolution\.test\.ts/s)
})

test('a LeNet has the layers, shapes and parameters of the one of Keras', () => {
  const lenet = defineModel({
    params: {
      first: conv2d(1, 32, 5, { padding: 'same', activation: 'relu' }),
      second: conv2d(32, 64, 5, { padding: 'same', activation: 'relu' }),
      hidden: dense(7 * 7 * 64, 1024, { activation: 'relu' }),
      output: dense(1024, 10),
    },
    step({ first, second, hidden, output }, { image, label }) {
      const features = maxPool2d(second(maxPool2d(first(image), 2)), 2)
      const logits = output(hidden(flatten(features)))
      return { loss: crossEntropy(logits, label), accuracy: accuracy(logits, label) }
    },
  })
  const fields = { image: { dtype: 'u8', shape: [28, 28, 1] }, label: { dtype: 'u8', shape: [] } } as const
  const made = summary(lenet, { fields, numExamples: 100 }, { batchSize: 32 })
  expect(made.toString().split('\n').slice(0, 5)).toEqual([
    'layer   output            states                            parameters',
    'first   [32, 28, 28, 32]  weight [5, 5, 1, 32], bias [32]          832',
    'second  [32, 14, 14, 64]  weight [5, 5, 32, 64], bias [64]      51,264',
    'hidden  [32, 1024]        weight [3136, 1024], bias [1024]   3,212,288',
    'output  [32, 10]          weight [1024, 10], bias [10]          10,250',
  ])
  const products = 28 * 28 * 25 * 32 + 14 * 14 * 25 * 32 * 64 + 3136 * 1024 + 1024 * 10
  expect(made.flops.evaluation / (2 * 32 * products)).toBeCloseTo(1, 1)
  // The first convolution's gradient by the image is not computed.
  expect(made.flops.step / (2 * 32 * (3 * products - 28 * 28 * 25 * 32))).toBeCloseTo(1, 1)
})
