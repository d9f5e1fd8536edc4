import {
  type Batch,
  defineModel,
  frozen,
  mean,
  type Module,
  relu,
  sigmoid,
  summary,
  tanh,
  type Tensor,
} from '@gradpool/core'
import { Binding, evaluate, initialState, traceProgram } from '@gradpool/core/engine'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { compute } from '../testing/compute.js'
import { describeLayer, wave } from '../testing/describe-layer.js'
import { activation, activationNames, type Layer } from './activation.js'
import { batchNorm } from './batch-norm.js'
import { dense } from './dense.js'
import { dropout } from './dropout.js'
import { embedding } from './embedding.js'
import { groupNorm, layerNorm, rmsNorm } from './norms.js'
import { sequential } from './sequential.js'

describeLayer('dense', {
  layer: () => dense(3, 2),
  numInputs: 3,
  numOutputs: 2,
  states: { weight: [3, 2], bias: [2] },
})
describeLayer('dense with relu, without bias', {
  layer: () => dense(4, 5, { activation: 'relu', bias: false }),
  numInputs: 4,
  numOutputs: 5,
  states: { weight: [4, 5] },
})
describeLayer('dropout', { layer: () => dropout(0.25), numInputs: 8, numOutputs: 8, states: {} })
describeLayer('batchNorm', {
  layer: () => batchNorm(3),
  numInputs: 3,
  numOutputs: 3,
  states: { scale: [3], shift: [3], mean: [3], variance: [3] },
})
describeLayer('layerNorm', {
  layer: () => layerNorm(3),
  numInputs: 3,
  numOutputs: 3,
  states: { scale: [3], shift: [3] },
})
describeLayer('groupNorm', {
  layer: () => groupNorm(2, 6),
  numInputs: 6,
  numOutputs: 6,
  states: { scale: [6], shift: [6] },
})
describeLayer('rmsNorm', { layer: () => rmsNorm(3), numInputs: 3, numOutputs: 3, states: { scale: [3] } })
for (const name of activationNames) {
  describeLayer(`activation ${name}`, {
    layer: () => activation(name),
    numInputs: 4,
    numOutputs: 4,
    states: {},
  })
}
describeLayer('sequential', {
  layer: () => sequential([dense(3, 4), batchNorm(4), tanh, dropout(0.1), dense(4, 2)]),
  numInputs: 3,
  numOutputs: 2,
  states: {
    '0.weight': [3, 4],
    '0.bias': [4],
    '1.scale': [4],
    '1.shift': [4],
    '1.mean': [4],
    '1.variance': [4],
    '4.weight': [4, 2],
    '4.bias': [2],
  },
})

/** The layer's output for a batch [n, features], and its states after the step. */
function apply(
  layer: Module<Layer>,
  values: readonly number[],
  shape: readonly number[],
  { training = true, state = {}, step = 0, seed = 0 } = {},
) {
  const program = traceProgram((trace) => {
    const bound = new Binding(trace, training).bind(layer)
    trace.result('output', bound(trace.batch('x', 'f32', shape)))
  })
  const out = evaluate(program, { state, batch: { x: values }, step, seed })
  return { output: [...(out.results.output ?? [])], state: out.state, program }
}

describe('dense', () => {
  test('is activation(x · weight + bias)', () => {
    const state = { weight: [1, 2, 3, 4], bias: [10, -100] }
    expect(apply(dense(2, 2), [1, 2], [1, 2], { state }).output).toEqual([17, -90])
    const withRelu = dense(2, 2, { activation: 'relu' })
    expect(apply(withRelu, [1, 2], [1, 2], { state }).output).toEqual([17, 0])
  })

  const spread = (layer: Module<Layer>) => {
    const { program } = apply(layer, wave(30, 0), [1, 30])
    return Math.max(...(initialState(program, 0).weight ?? []).map(Math.abs))
  }

  // The largest of 3,000 uniform numbers is short of the limit by a 3,000th of it, and hardly ever by ten times that.
  const rectifiers = ['elu', 'gelu', 'geluTanh', 'hardSwish', 'leakyRelu', 'mish', 'relu', 'silu']
  test.each(activationNames)('starts from He before a ReLU and its like, else from Glorot: %s', (activation) => {
    const limit = Math.sqrt(6 / (rectifiers.includes(activation) ? 30 : 130))
    expect(spread(dense(30, 100, { activation })) / limit).toBeCloseTo(1, 2)
  })

  test('starts as told', () => {
    expect(spread(dense(30, 100))).toBe(spread(dense(30, 100, { activation: 'linear' })))
    expect(spread(dense(30, 100, { activation: 'relu', weight: { kind: 'constant', value: 7 } }))).toBe(7)
  })

  test('refuses widths that are none', () => {
    expect(() => dense(0, 1)).toThrow('dense: numInputs must be a whole number of at least 1, not 0')
    expect(() => dense(1, 2.5)).toThrow('dense: numOutputs must be a whole number')
  })

  test('an input of the wrong width names both shapes and the line', () => {
    expect(() => apply(dense(3, 2), [1, 2], [1, 2])).toThrow(/matmul.*\[1, 2\].*\[3, 2\].*layers\.test\.ts/s)
  })
})

describe('activation', () => {
  test('is the function of its name', () => {
    const x = { shape: [1, 3], values: [-2, 0, 3] }
    const by = (name: Parameters<typeof activation>[0]) => apply(activation(name), x.values, x.shape)
    expect(by('linear').output).toEqual(x.values)
    expect(by('relu').output).toEqual(compute([x], (t) => relu(t)))
    expect(by('sigmoid').output).toEqual(compute([x], (t) => sigmoid(t)))
    expect(by('softmax').output.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12)
  })

  test('an unknown name lists the known ones', () => {
    expect(() => activation('swoosh' as 'relu')).toThrow(
      'there is no activation "swoosh"; there are elu, gelu, geluTanh, hardSigmoid, hardSwish, leakyRelu, linear, mish, relu, ' +
        'sigmoid, silu, softmax, softplus, tanh',
    )
  })
})

describe('dropout', () => {
  const ones = new Array<number>(4000).fill(1)
  const shape = [40, 100]

  test('keeps 1 - rate of the elements, and the mean', () => {
    const values = new Array<number>(100_000).fill(1)
    const keptAt = (rate: number) => apply(dropout(rate), values, [100, 1000]).output.filter((x) => x !== 0)
    /** From those that a rate of 0.25 keeps, in standard errors. */
    const distance = ({ length }: readonly number[]) => Math.abs(length - 75_000) / Math.sqrt(100_000 * 0.25 * 0.75)
    const kept = keptAt(0.25)
    expect(distance(kept)).toBeLessThan(3.5)
    for (const x of kept) expect(x).toBeCloseTo(4 / 3, 6)
    expect(distance(keptAt(0.26))).toBeGreaterThan(3.5)
  })

  test('drops others each step and for each seed, and the same for the same', () => {
    const output = (step: number, seed: number) => apply(dropout(0.5), ones, shape, { step, seed }).output
    expect(output(0, 0)).toEqual(output(0, 0))
    expect(output(0, 0)).not.toEqual(output(1, 0))
    expect(output(0, 0)).not.toEqual(output(0, 1))
  })

  test('two layers, and two uses of one layer, drop others', () => {
    const program = traceProgram((trace) => {
      const bound = new Binding(trace, true).bind([dropout(0.5), dropout(0.5)])
      const x = trace.batch('x', 'f32', shape)
      bound.forEach((layer, i) => {
        trace.result(`${i}`, layer(x))
        trace.result(`${i} again`, layer(x))
      })
    })
    const { results } = evaluate(program, { batch: { x: ones } })
    expect(new Set(Object.values(results).map((values) => values.join()))).toHaveLength(4)
  })

  test('is the identity in evaluation, when frozen, and at rate 0', () => {
    expect(apply(dropout(0.5), ones, shape, { training: false }).output).toEqual(ones)
    expect(apply(frozen(dropout(0.5)), ones, shape).output).toEqual(ones)
    expect(apply(dropout(0), ones, shape).output).toEqual(ones)
  })

  test.each([1, -0.1, NaN])('refuses a rate of %s', (rate) => {
    expect(() => dropout(rate)).toThrow(`dropout: rate must be at least 0 and below 1, not ${rate}`)
  })
})

describe('batchNorm', () => {
  const x = wave(8 * 3, 5)
  const shape = [8, 3]

  test('a trained batch has mean 0 and variance 1 in each feature', () => {
    const { output } = apply(batchNorm(3, { epsilon: 1e-12 }), x, shape)
    for (let feature = 0; feature < 3; feature++) {
      const { mean, variance } = statistics(column(output, feature))
      expect(mean).toBeCloseTo(0, 10)
      expect(variance).toBeCloseTo(1, 8)
    }
  })

  test('the running statistics move towards those of the batch', () => {
    const { state } = apply(batchNorm(3, { momentum: 0.75 }), x, shape)
    for (let feature = 0; feature < 3; feature++) {
      const { mean, variance } = statistics(column(x, feature))
      expect(state.mean?.[feature]).toBeCloseTo(0.25 * mean, 6)
      expect(state.variance?.[feature]).toBeCloseTo(0.75 + (0.25 * variance * 8) / 7, 6)
    }
  })

  test('evaluation and a frozen part use the running statistics and leave them', () => {
    const state = { scale: [1, 2, 3], shift: [0, 0, 1], mean: [1, 2, 3], variance: [4, 1, 9] }
    const expected = x.map((value, i) => {
      const f = i % 3
      const at = (list: readonly number[]) => list[f] ?? NaN
      const normalised = (value - at(state.mean)) / Math.sqrt(at(state.variance) + 1e-5)
      return normalised * at(state.scale) + at(state.shift)
    })
    for (const result of [
      apply(batchNorm(3), x, shape, { state, training: false }),
      apply(frozen(batchNorm(3)), x, shape, { state }),
    ]) {
      result.output.forEach((value, i) => expect(value).toBeCloseTo(expected[i] ?? NaN, 6))
      expect([...(result.state.mean ?? [])]).toEqual(state.mean)
      expect([...(result.state.variance ?? [])]).toEqual(state.variance)
    }
  })

  test('a batch of one has no variance: it leaves the running one, and moves the running mean', () => {
    const { output, state } = apply(batchNorm(2), [3, -4], [1, 2], { state: { variance: [2, 5] } })
    expect(output).toEqual([0, 0])
    expect([...(state.variance ?? [])]).toEqual([2, 5])
    expect(state.mean?.[0]).toBeCloseTo(0.3, 6)
  })

  test('of images, the running statistics move towards those over all positions', () => {
    const { state } = apply(batchNorm(3, { momentum: 0.75 }), wave(2 * 2 * 2 * 3, 5), [2, 2, 2, 3])
    const ofRows = apply(batchNorm(3, { momentum: 0.75 }), x, shape)
    expect(state).toEqual(ofRows.state)
  })

  test('refuses an input of another width, or without a batch', () => {
    expect(() => apply(batchNorm(3), [1, 2], [2, 1])).toThrow('batchNorm: x must be [batch, ..., 3], not f32[2, 1]')
    expect(() => apply(batchNorm(3), [1, 2, 3], [3])).toThrow('batchNorm: x must be [batch, ..., 3], not f32[3]')
  })

  test('refuses options out of range', () => {
    expect(() => batchNorm(0)).toThrow('batchNorm: features must be a whole number')
    expect(() => batchNorm(1, { momentum: 1 })).toThrow('batchNorm: momentum must be at least 0')
    expect(() => batchNorm(1, { epsilon: 0 })).toThrow('batchNorm: epsilon must be positive, not 0')
  })
})

describe('layerNorm, groupNorm and rmsNorm', () => {
  test('a constant row has no variance, and gives the shift', () => {
    expect(apply(layerNorm(2), [3, 3, 0, 0], [2, 2]).output).toEqual([0, 0, 0, 0])
    expect(apply(groupNorm(1, 2), [3, 3, 0, 0], [2, 2]).output).toEqual([0, 0, 0, 0])
    expect(apply(rmsNorm(2), [0, 0], [1, 2]).output).toEqual([0, 0])
  })

  test('layerNorm and rmsNorm take a single row', () => {
    const state = { scale: [2, 1], shift: [1, 0] }
    const [first, second] = apply(layerNorm(2, { epsilon: 1e-12 }), [1, 5], [2], { state }).output
    expect(first).toBeCloseTo(-1, 6)
    expect(second).toBeCloseTo(1, 6)
    expect(apply(rmsNorm(2, { epsilon: 1e-12 }), [3, 3], [2]).output[0]).toBeCloseTo(1, 6)
  })

  test.each<[string, () => unknown]>([
    ['layerNorm: width must be a whole number of at least 1, not 0', () => layerNorm(0)],
    ['layerNorm: epsilon must be positive, not 0', () => layerNorm(1, { epsilon: 0 })],
    ['rmsNorm: width must be a whole number of at least 1, not 1.5', () => rmsNorm(1.5)],
    ['rmsNorm: epsilon must be positive, not NaN', () => rmsNorm(1, { epsilon: NaN })],
    ['groupNorm: groups must be a whole number of at least 1, not 0', () => groupNorm(0, 4)],
    ['groupNorm: channels must be a whole number of at least 1, not -4', () => groupNorm(2, -4)],
    ['groupNorm: 4 channels do not divide into 3 groups', () => groupNorm(3, 4)],
    ['groupNorm: epsilon must be positive, not -1', () => groupNorm(2, 4, { epsilon: -1 })],
    ['layerNorm: x must be [..., 3], not f32[2, 1]', () => apply(layerNorm(3), [1, 2], [2, 1])],
    ['rmsNorm: x must be [..., 3], not f32[2, 1]', () => apply(rmsNorm(3), [1, 2], [2, 1])],
    ['groupNorm: x must be [batch, ..., 4], not f32[4]', () => apply(groupNorm(2, 4), [1, 2, 3, 4], [4])],
  ])('%s', (message, make) => {
    expect(make).toThrow(message)
  })
})

describe('embedding', () => {
  const table = { weight: [1, 2, 3, 4, 5, 6] }

  test.each(['u8', 'i32'] as const)('gives the row of each number, %s of any rank', (dtype) => {
    for (const shape of [[], [1], [1, 1, 1]]) {
      const program = traceProgram((trace) => {
        const words = new Binding(trace, true).bind(embedding(3, 2))
        const rows = words(trace.batch('x', dtype, shape))
        expect(rows.shape).toEqual([...shape, 2])
        trace.result('rows', rows)
      })
      const { results } = evaluate(program, { state: table, batch: { x: [2] } })
      expect([...(results.rows ?? [])]).toEqual([5, 6])
    }
  })

  test('starts normal of standard deviation 1, or as told', () => {
    const first = (layer: Module<Layer>) => {
      const program = traceProgram((trace) => {
        trace.result('y', new Binding(trace, true).bind(layer)(trace.batch('x', 'i32', [1])))
      })
      return [...(initialState(program, 0).weight ?? [])]
    }
    const { mean, variance } = statistics(first(embedding(1000, 10)))
    // The standard errors of 10,000 normal numbers are 0.01 and 0.014.
    expect(Math.abs(mean)).toBeLessThan(0.035)
    expect(Math.abs(variance - 1)).toBeLessThan(0.05)
    expect(first(embedding(1, 2, { weight: { kind: 'constant', value: 7 } }))).toEqual([7, 7])
  })

  test('refuses other numbers than whole ones', () => {
    expect(() => embedding(0, 2)).toThrow('embedding: count must be a whole number of at least 1, not 0')
    expect(() => embedding(2, 0)).toThrow('embedding: width must be a whole number of at least 1, not 0')
    expect(() => apply(embedding(3, 2), [1], [1], { state: table })).toThrow(
      /gather: the indices must be integers, not f32\[1\].*layers\.test\.ts/s,
    )
  })

  test('shows in a summary, as norms do', () => {
    const model = defineModel({
      params: { words: embedding(50, 8), norm: layerNorm(8), groups: groupNorm(2, 8), rms: rmsNorm(8) },
      step: ({ words, norm, groups, rms }, { text }: Batch<'text'>) => ({ loss: mean(rms(groups(norm(words(text))))) }),
    })
    const fields = { text: { dtype: 'u8', shape: [6] } } as const
    const made = summary(model, { fields, numExamples: 10 }, { batchSize: 4 })
    expect(made.toString().split('\n').slice(0, 5)).toEqual([
      'layer   output     states                parameters',
      'words   [4, 6, 8]  weight [50, 8]               400',
      'norm    [4, 6, 8]  scale [8], shift [8]          16',
      'groups  [4, 6, 8]  scale [8], shift [8]          16',
      'rms     [4, 6, 8]  scale [8]                      8',
    ])
  })
})

test('what layers are bound to carries their parameters, by type too', () => {
  defineModel({
    params: { words: embedding(5, 4), norm: layerNorm(4), rms: rmsNorm(4), groups: groupNorm(2, 4) },
    step({ words, norm, rms, groups }, { text }: Batch<'text'>) {
      expectTypeOf(words.weight).toEqualTypeOf<Tensor>()
      expectTypeOf(norm.shift).toEqualTypeOf<Tensor>()
      expectTypeOf(groups.scale).toEqualTypeOf<Tensor>()
      expectTypeOf(rms.scale).toEqualTypeOf<Tensor>()
      expectTypeOf(rms).not.toHaveProperty('shift')
      return { loss: mean(rms(words(text))) }
    },
  })
})

function column(values: readonly number[], feature: number): number[] {
  return values.filter((_, i) => i % 3 === feature)
}

function statistics(values: readonly number[]) {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length
  return { mean, variance }
}
