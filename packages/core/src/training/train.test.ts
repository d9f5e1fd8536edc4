import { describe, expect, expectTypeOf, test } from 'vitest'
import type { DType } from '../program/dtype.js'
import { UserError } from '../errors.js'
import { initialState } from '../random/initial-state.js'
import { normal, zeros } from '../random/initializers.js'
import { assign, buffer, frozen, isTraining, module, parameter } from './module.js'
import { add, mul, square, sub } from '../ops/elementwise.js'
import { matmul } from '../ops/product.js'
import { argMax, mean } from '../ops/reduction.js'
import { adam, sgd } from '../optimizers/index.js'
import type { Program } from '../program/program.js'
import { evaluate } from '../reference/reference.js'
import { stepsPerEpochOf } from './batch-program.js'
import { defineModel, type Batch } from './model.js'
import type { Tensor } from '../tracing/tensor.js'
import { evaluation, prediction, train, type DataSpec } from './train.js'

const fields = {
  image: { dtype: 'f32', shape: [3] },
  label: { dtype: 'f32', shape: [] },
} as const
const data = (numExamples: number): DataSpec => ({ fields, numExamples })

const layer = module(
  { weight: parameter([3, 2], normal(1)), bias: parameter([2], zeros) },
  ({ weight, bias }) =>
    (x: Tensor) =>
      add(matmul(x, weight), bias),
)

const regression = defineModel({
  params: { layer, seen: buffer([], zeros) },
  step({ layer, seen }, { image, label }) {
    expectTypeOf(image).toEqualTypeOf<Tensor>()
    assign(seen, add(seen, 1))
    const output = mean(layer(image), 1)
    return { loss: mean(square(sub(output, label))), output: mean(output) }
  },
  predict: ({ layer }, { image }) => ({ output: layer(image), largest: argMax(layer(image)) }),
})

function names(program: Program) {
  return {
    states: program.states.map(({ name }) => name),
    batch: program.fields.map(({ name }) => name),
    updates: program.updates.map(({ name }) => name),
    results: program.results.map(({ name }) => name),
  }
}

function shapeOfResult(program: Program, name: string) {
  const result = program.results.find((output) => output.name === name)
  return result && program.node(result.node).shape
}

describe('train', () => {
  test('has every state, its update, and the results, loss first', () => {
    const { program, tail, ...rest } = train(regression, {
      optimizer: adam(),
      batchSize: 4,
      data: data(8),
    })
    expect(rest).toEqual({
      batchSize: 4,
      numExamples: 8,
      shuffle: true,
      metrics: [
        { name: 'loss', kind: 'mean', results: { value: 'loss' }, direction: 'min' },
        { name: 'output', kind: 'mean', results: { value: 'output' } },
      ],
    })
    expect(tail).toBeUndefined()
    const slots = [
      'optimizer/m/layer.weight',
      'optimizer/v/layer.weight',
      'optimizer/m/layer.bias',
      'optimizer/v/layer.bias',
    ]
    const corrections = ['optimizer/correction1', 'optimizer/correction2']
    expect(names(program)).toEqual({
      states: ['layer.weight', 'layer.bias', 'seen', ...corrections, ...slots],
      batch: ['image', 'label'],
      updates: ['seen', 'layer.weight', ...slots.slice(0, 2), 'layer.bias', ...slots.slice(2), ...corrections],
      results: ['loss', 'output'],
    })
  })

  test('the shorter last batch is left out where that is said', () => {
    const options = { optimizer: sgd(), batchSize: 4, data: data(11), lastBatch: 'drop' } as const
    const dropped = train(regression, options)
    expect(dropped.tail).toBeUndefined()
    expect(stepsPerEpochOf(dropped)).toBe(2)
    expect(stepsPerEpochOf(train(regression, { ...options, lastBatch: 'keep' }))).toBe(3)
    expect(stepsPerEpochOf(train(regression, { ...options, batchSize: 20 }))).toBe(1)
  })

  test('a batch size that does not divide gives a tail with the same states and results', () => {
    const { program, tail } = train(regression, { optimizer: sgd(), batchSize: 4, data: data(11) })
    expect(tail && names(tail)).toEqual(names(program))
    const image = tail?.inputs.find(({ name }) => name === 'image')
    expect(image && tail?.node(image.node).shape).toEqual([3, 3])
    expect(tail && initialState(tail, 5)).toEqual(initialState(program, 5))
  })

  test('fewer examples than a batch are one batch', () => {
    const compiled = train(regression, { optimizer: sgd(), batchSize: 100, data: data(7) })
    expect(compiled.batchSize).toBe(7)
    expect(compiled.tail).toBeUndefined()
  })

  test('takes a split as it takes its description', () => {
    const split = {
      fields: {
        image: { ...fields.image, values: new Float32Array(30) },
        label: { ...fields.label, values: new Float32Array(10) },
      },
      rows: Int32Array.of(1, 3, 5, 7),
    }
    const options = { optimizer: adam(), batchSize: 2 }
    const described = train(regression, { ...options, data: data(4) })
    expect(train(regression, { ...options, data: split })).toEqual(described)
  })

  test('the same model gives the same Program', () => {
    const options = { optimizer: adam(), batchSize: 2, data: data(4) }
    expect(train(regression, options).program.hash).toBe(train(regression, options).program.hash)
  })

  test('lowers the loss', () => {
    const { program } = train(regression, {
      optimizer: sgd({ learningRate: 0.1 }),
      batchSize: 2,
      data: data(2),
    })
    let state: Readonly<Record<string, ArrayLike<number>>> = {}
    const losses: number[] = []
    for (let step = 0; step < 20; step++) {
      const batch = { image: [1, 2, 3, -1, 0, 1], label: [1, -1] }
      const next = evaluate(program, { state, batch, step, seed: 3 })
      state = next.state
      losses.push(next.results.loss?.[0] ?? NaN)
    }
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) / 10)
    expect(state.seen?.[0]).toBe(20)
  })

  test('frozen parameters have no gradient, no slots and no update', () => {
    const half = defineModel({
      params: { still: frozen(layer), scale: parameter([], normal(1)) },
      step: ({ still, scale }, { image }) => ({ loss: mean(square(mul(still(image), scale))) }),
    })
    const { program } = train(half, {
      optimizer: sgd({ momentum: 0.9 }),
      batchSize: 2,
      data: data(2),
    })
    expect(names(program)).toMatchObject({
      states: ['still.weight', 'still.bias', 'scale', 'optimizer/momentum/scale'],
      updates: ['scale', 'optimizer/momentum/scale'],
    })
    // The forward product only.
    expect(program.nodes.filter(({ op }) => op === 'matmul')).toHaveLength(1)
  })

  test('fields with names of their own are typed by Batch', () => {
    const own = defineModel({
      params: { scale: parameter([], normal(1)) },
      step({ scale }, { text }: Batch<'text'>) {
        expectTypeOf(text).toEqualTypeOf<Tensor>()
        return { loss: mean(mul(text, scale)) }
      },
    })
    const text = { dtype: 'u8' as DType, shape: [4] }
    const { program } = train(own, {
      optimizer: sgd(),
      batchSize: 2,
      data: { fields: { text }, numExamples: 2 },
    })
    expect(names(program).batch).toEqual(['text'])
  })

  const tiny = { scale: parameter([2], zeros) }
  test.each([
    [
      'a loss for each example',
      defineModel({ params: tiny, step: ({ scale }) => ({ loss: scale }) }),
      /^the loss must be one f32 number, not f32\[2\]; take its mean/,
    ],
    [
      'a loss of integers',
      defineModel({ params: tiny, step: ({ scale }) => ({ loss: argMax(scale) }) }),
      /^the loss must be one f32 number, not i32\[\]/,
    ],
    ['no loss', defineModel({ params: tiny, step: () => ({}) as { loss: Tensor } }), /^a step must return \{ loss \}/],
    [
      'a field that is not there',
      defineModel({
        params: tiny,
        step: (_, { imgae }: Batch<'imgae'>) => ({ loss: mean(imgae) }),
      }),
      /^the data has no field "imgae"; its fields are image, label \(.*train\.test\.ts:\d+\)$/,
    ],
    [
      'no parameters',
      defineModel({
        params: { still: frozen(layer) },
        step: (_, { image }) => ({ loss: mean(image) }),
      }),
      /^this model has no parameter to train/,
    ],
    [
      'a metric for each example',
      defineModel({
        params: tiny,
        step: ({ scale }, { label }) => ({ loss: mean(scale), each: label }),
      }),
      /^metric "each" must be one number, not f32\[4\]; take its mean, or use perRow/,
    ],
  ])('refuses %s', (_, faulty, message) => {
    const build = () => train(faulty, { optimizer: sgd(), batchSize: 4, data: data(7) })
    expect(build).toThrow(UserError)
    expect(build).toThrow(message)
  })

  test.each([0, 1.5, NaN, -1])('refuses a batch size of %s', (batchSize) => {
    expect(() => train(regression, { optimizer: sgd(), batchSize, data: data(4) })).toThrow(
      `batchSize must be a whole number of at least 1, not ${batchSize}`,
    )
  })

  test('refuses no examples', () => {
    expect(() => train(regression, { optimizer: sgd(), batchSize: 1, data: data(0) })).toThrow(
      'the number of examples must be a whole number of at least 1, not 0',
    )
  })

  test('takes a model that learns by assign alone, whatever the optimizer', () => {
    const step = ({ seen }: { readonly seen: Tensor }, { label }: Batch<'label'>) => {
      assign(seen, add(seen, 1))
      return { loss: mean(label) }
    }
    const params = { seen: buffer([], zeros) }
    const counter = defineModel({ params, step })
    const { program } = train(counter, { batchSize: 2, data: data(4), optimizer: adam() })
    expect(program.updates.map(({ name }) => name)).toEqual(['seen'])
    const still = defineModel({ params: frozen(params), step })
    expect(() => train(still, { batchSize: 2, data: data(4), optimizer: adam() })).toThrow(/no parameter to train/)
  })
})

describe('evaluation', () => {
  test('has the states of the model alone, no updates, and the order of the split', () => {
    const { program, tail, shuffle } = evaluation(regression, { batchSize: 4, data: data(9) })
    expect(shuffle).toBe(false)
    expect(tail).toBeDefined()
    expect(names(program)).toEqual({
      states: ['layer.weight', 'layer.bias', 'seen'],
      batch: ['image', 'label'],
      updates: [],
      results: ['loss', 'output'],
    })
  })

  test('is told apart by isTraining', () => {
    const modes: boolean[] = []
    const spy = defineModel({
      params: { scale: parameter([], zeros) },
      step({ scale }) {
        modes.push(isTraining())
        return { loss: scale }
      },
    })
    train(spy, { optimizer: sgd(), batchSize: 1, data: data(1) })
    evaluation(spy, { batchSize: 1, data: data(1) })
    expect(modes).toEqual([true, false])
  })
})

describe('prediction', () => {
  test('tells one row per example, and reads only the fields it needs', () => {
    const { program, tail } = prediction(regression, { batchSize: 4, data: data(6) })
    expect(names(program)).toMatchObject({ batch: ['image'], results: ['output', 'largest'] })
    expect(tail && names(tail)).toEqual(names(program))
    for (const [part, rows] of [
      [program, 4],
      [tail, 2],
    ] as const) {
      expect(part && shapeOfResult(part, 'output')).toEqual([rows, 2])
      expect(part && shapeOfResult(part, 'largest')).toEqual([rows])
      expect(part?.results.map(({ rows }) => rows)).toEqual([true, true])
    }
  })

  test('tells of a shorter last batch no more rows than it has', () => {
    const { tail } = prediction(regression, { batchSize: 4, data: data(6) })
    const state = { 'layer.weight': [1, 0, 0, 1, 0, 0], 'layer.bias': [0, 0] }
    const results = tail && evaluate(tail, { state, batch: { image: [1, 2, 3, 4, 5, 6] } }).results
    expect([...(results?.output ?? [])]).toEqual([1, 2, 4, 5])
    expect([...(results?.largest ?? [])]).toEqual([1, 1])
  })

  test('refuses a model without predict, and a value that is not per example', () => {
    const step = ({ scale }: { scale: Tensor }) => ({ loss: scale })
    const params = { scale: parameter([], zeros) }
    expect(() => prediction(defineModel({ params, step }), { batchSize: 1, data: data(1) })).toThrow(
      'this model has no predict function',
    )
    const odd = defineModel({ params, step, predict: ({ scale }) => ({ scale }) })
    expect(() => prediction(odd, { batchSize: 2, data: data(2) })).toThrow(
      /^prediction "scale" is f32\[\]: its first axis must be the batch, 2/,
    )
  })
})
