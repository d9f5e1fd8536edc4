import { adam, type Model, UserError } from '@gradpool/core'
import {
  type DataSpec,
  evaluate,
  finishMetrics,
  initialState,
  prediction,
  type Program,
  train,
} from '@gradpool/core/engine'
import { describe, expect, test } from 'vitest'
import { wave } from '../testing/describe-layer.js'
import { autoencode } from './autoencode.js'
import { classify, mlp } from './classify.js'

const data = {
  fields: { image: { dtype: 'u8', shape: [6] }, label: { dtype: 'u8', shape: [] } },
  numExamples: 4,
} as const
const options = { batchSize: 4, data, optimizer: adam() }
const batch = {
  image: wave(24, 3).map((x) => Math.round(127 + 127 * x)),
  label: [0, 2, 1, 2],
}

/** Shapes of the states of the model, without the optimizer's, by name. */
function shapes(program: Program): Record<string, readonly number[]> {
  const states = program.states.filter(({ name }) => !name.startsWith('optimizer/'))
  return Object.fromEntries(states.map(({ name, shape }) => [name, shape]))
}

function updated(program: Program): string[] {
  return program.updates.map(({ name }) => name).filter((name) => !name.startsWith('optimizer/'))
}

describe('autoencode', () => {
  const widths = { input: 6, encoder: [5, 2], decoder: [5, 6] }

  test('has the states of its halves', () => {
    expect(shapes(train(autoencode(widths), options).program)).toEqual({
      'encoder.0.weight': [6, 5],
      'encoder.0.bias': [5],
      'encoder.1.weight': [5, 2],
      'encoder.1.bias': [2],
      'decoder.0.weight': [2, 5],
      'decoder.0.bias': [5],
      'decoder.1.weight': [5, 6],
      'decoder.1.bias': [6],
    })
  })

  test('gives back what it sees with noise', () => {
    const model = autoencode({ ...widths, augment: [{ kind: 'noise', deviation: 1e6 }] })
    const { program } = train(model, options)
    const state = Object.fromEntries(
      Object.entries(initialState(program, 0)).map(([name, values]) => [name, values.map(() => 0)]),
    )
    // All weights are 0, so what is given back is 0: its error is that of the images, which the noise is not in.
    const pixels = batch.image.map((pixel) => pixel / 255)
    const error = pixels.reduce((sum, pixel) => sum + pixel * pixel, 0) / pixels.length
    expect(evaluate(program, { state, batch }).results.loss?.[0]).toBeCloseTo(error, 5)
    expect(program.nodes.some(({ op }) => op === 'random')).toBe(true)
  })

  test('predicts reconstructions on the scale of the pixels, and codes', () => {
    const scale = 1 / 255
    const model = autoencode(widths)
    const { program } = prediction(model, options)
    const trained = train(model, options)
    const state = initialState(program, 0)
    const { reconstruction = [], code = [] } = evaluate(program, { state, batch }).results
    expect(code).toHaveLength(4 * 2)
    const error = batch.image.map((pixel, i) => (pixel - (reconstruction[i] ?? NaN)) * scale)
    const loss = error.reduce((sum, e) => sum + e * e, 0) / error.length
    const mean = batch.image.reduce((sum, pixel) => sum + pixel * scale, 0) / error.length
    const told = evaluate(trained.program, { state, batch }).results
    expect(told.loss?.[0]).toBeCloseTo(loss, 6)
    const { accuracy } = finishMetrics(trained.metrics, { means: told }, 4)
    expect(accuracy).toBeCloseTo(1 - Math.sqrt(loss) / mean, 6)
  })

  test('activations go where their names say', () => {
    const rectified = autoencode({
      ...widths,
      codeActivation: 'sigmoid',
      outputActivation: 'relu',
    })
    const { program } = prediction(rectified, options)
    const state = initialState(program, 1)
    const { reconstruction = [], code = [] } = evaluate(program, { state, batch }).results
    expect([...code].every((x) => x >= 0 && x <= 1)).toBe(true)
    expect([...reconstruction].every((x) => x >= 0)).toBe(true)
  })

  test('weights start as told', () => {
    const model = autoencode({ ...widths, weight: { kind: 'normal', mean: 0, std: 0.03 } })
    for (const { name, initializer } of train(model, options).program.states) {
      if (!name.endsWith('weight') || name.startsWith('optimizer/')) continue
      expect(initializer).toEqual({ kind: 'normal', mean: 0, std: 0.03 })
    }
  })

  test.each([
    [{ ...widths, decoder: [5] }, 'decoder must end with the width of the input, 6, not with 5'],
    [{ ...widths, encoder: [] }, 'encoder must list at least one width'],
    [{ ...widths, encoder: [5, 0] }, 'encoder must list whole numbers of at least 1, not 0'],
    [{ ...widths, input: 1.5 }, 'input must be a whole number of at least 1, not 1.5'],
  ])('refuses %j', (wrong, message) => {
    const traced = () => train(autoencode(wrong), options)
    expect(traced).toThrow(UserError)
    expect(traced).toThrow(message)
  })

  test('takes images of any rank', () => {
    const square = { ...data.fields, image: { dtype: 'u8', shape: [2, 3] } } as const
    const flat = train(autoencode(widths), options).program
    const stacked = train(autoencode(widths), {
      ...options,
      data: { fields: square, numExamples: 4 },
    }).program
    const loss = (program: Program) => evaluate(program, { batch }).results.loss
    expect(loss(stacked)).toEqual(loss(flat))
  })
})

describe('classify', () => {
  const autoencoder = autoencode({ encoder: [5, 2], decoder: [6] })
  const onEncoder = { autoencoder, hidden: [4], classes: 3 }
  const encoder = ['encoder.0.weight', 'encoder.0.bias', 'encoder.1.weight', 'encoder.1.bias']
  const head = ['head.0.weight', 'head.0.bias', 'head.1.weight', 'head.1.bias']

  test('has the encoder of the autoencoder, by name, shape and first value', () => {
    const source = train(autoencoder, options).program
    const target = train(classify(onEncoder), options).program
    const encoderOf = (program: Program) =>
      Object.entries(shapes(program)).filter(([name]) => name.startsWith('encoder'))
    expect(encoderOf(target)).toEqual(encoderOf(source))
    const values = (program: Program) => encoder.map((name) => initialState(program, 3)[name])
    expect(values(target)).toEqual(values(source))
  })

  test('fine-tunes the encoder, or leaves a frozen one as it is', () => {
    const fineTuned = train(classify(onEncoder), options).program
    expect(updated(fineTuned)).toEqual([...encoder, ...head])
    const frozen = train(classify({ ...onEncoder, encoder: 'frozen' }), options).program
    expect(Object.keys(shapes(frozen))).toEqual([...encoder, ...head])
    expect(updated(frozen)).toEqual(head)
    expect(frozen.inputs.some(({ name }) => /optimizer.*encoder/.test(name))).toBe(false)
    const first = initialState(frozen, 0)
    const { state } = evaluate(frozen, { state: first, batch })
    for (const name of encoder) expect([...(state[name] ?? [])]).toEqual([...(first[name] ?? [])])
  })

  test('without an encoder the hidden layers see the pixels', () => {
    const { program } = train(classify({ hidden: [], classes: 3 }), options)
    expect(shapes(program)).toEqual({ 'head.0.weight': [6, 3], 'head.0.bias': [3] })
  })

  test('predicts the class of the largest logit', () => {
    const { program } = prediction(classify(onEncoder), options)
    expect(program.inputs.some(({ name }) => name === 'label')).toBe(false)
    const { estimate = [], logits = [] } = evaluate(program, { batch, seed: 2 }).results
    expect(estimate).toHaveLength(4)
    Array.from(estimate).forEach((c, row) => {
      const own = [...logits].slice(row * 3, row * 3 + 3)
      expect(c).toBe(own.indexOf(Math.max(...own)))
    })
  })

  test.each([
    [{ ...onEncoder, encoder: 'none' as const }, "encoder 'none' goes with no autoencoder"],
    [{ ...onEncoder, encoder: 'thawed' as 'frozen' }, "encoder must be 'none', 'fineTuned' or 'frozen', not 'thawed'"],
    [{ ...onEncoder, hidden: [0] }, 'hidden must list whole numbers of at least 1, not 0'],
    [{ ...onEncoder, classes: 0 }, 'classes must be a whole number of at least 1, not 0'],
  ])('refuses %j', (wrong, message) => {
    expect(() => classify(wrong)).toThrow(message)
  })
})

describe('mlp', () => {
  test('is a classifier without an encoder', () => {
    const sizes = { input: 6, hidden: [4], classes: 3 }
    const [one, other] = [mlp(sizes), classify({ ...sizes, encoder: 'none' })]
    expect(train(one, options).program.hash).toBe(train(other, options).program.hash)
  })
})

describe('a ready model', () => {
  const programOf = (model: Model, more: Partial<DataSpec> = {}) =>
    train(model, { ...options, data: { ...data, ...more } }).program

  test('takes sizes from the data, the same as when they are said', () => {
    const known = { input: 6, classes: 3, scale: 1 / 255 }
    const said = programOf(classify({ hidden: [4], ...known }))
    expect(programOf(classify({ hidden: [4] }), { classes: 3 }).hash).toBe(said.hash)
    const oneHot = { ...data.fields, label: { dtype: 'f32', shape: [3] } } as const
    expect(shapes(programOf(classify({ hidden: [4] }), { fields: oneHot }))).toEqual(shapes(said))
    const widths = { encoder: [4], decoder: [6] }
    const { hash } = programOf(autoencode({ ...widths, input: 6, scale: 1 / 255 }))
    expect(programOf(autoencode(widths)).hash).toBe(hash)
  })

  test('scales bytes, and no other numbers', () => {
    const numbers = { ...data.fields, image: { dtype: 'f32', shape: [6] } } as const
    const hashed = (scale: object) =>
      programOf(classify({ hidden: [4], classes: 3, ...scale }), { fields: numbers }).hash
    expect(hashed({})).toBe(hashed({ scale: 1 }))
    expect(hashed({})).not.toBe(hashed({ scale: 1 / 255 }))
  })

  test('is its options, as JSON too', () => {
    const ready = classify({ hidden: [10], encoder: 'frozen' })
    expect(Object.entries(ready)).toEqual(Object.entries({ hidden: [10], encoder: 'frozen', kind: 'classify' }))
    expect(JSON.parse(JSON.stringify(autoencode({ encoder: [4], decoder: [6] })))).toEqual({
      kind: 'autoencode',
      encoder: [4],
      decoder: [6],
    })
  })

  test.each([
    [
      classify({ hidden: [4] }),
      data.fields,
      'this model needs labels that are u8 or i32, one from 0 on for each example, or `classes`; the fields of the data are image u8[6], label u8[]',
    ],
    [
      classify({ hidden: [4], classes: 3 }),
      { label: data.fields.label },
      "this model needs the field 'image'; the fields of the data are label u8[]",
    ],
    [
      classify({ hidden: [4], encoder: 'frozen' }),
      data.fields,
      "encoder 'frozen' needs an autoencoder: an autoencode stage before it, or the option autoencoder",
    ],
  ])('%j says what it lacks', (model, fields, message) => {
    expect(() => programOf(model, { fields })).toThrow(new UserError(message))
  })
})

test.each([
  ['mlp', mlp({ hidden: [5], classes: 3 })],
  ['autoencoder', autoencode({ encoder: [4], decoder: [6] })],
  [
    'classifier',
    classify({
      hidden: [5],
      classes: 3,
      autoencoder: autoencode({ encoder: [5], decoder: [6] }),
    }),
  ],
])('%s learns', (_, model) => {
  const { program } = train(model, { ...options, optimizer: adam({ learningRate: 0.02 }) })
  let state: Readonly<Record<string, ArrayLike<number>>> = initialState(program, 0)
  const losses: number[] = []
  for (let step = 0; step < 80; step++) {
    const next = evaluate(program, { state, batch, step })
    state = next.state
    losses.push(next.results.loss?.[0] ?? NaN)
  }
  expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) / 2)
})
