import { frozen, type Module, relu, sigmoid } from '@gradpool/core'
import { Binding, evaluate, initialState, traceProgram } from '@gradpool/core/engine'
import { describe, expect, test } from 'vitest'
import { compute } from '../testing/compute.js'
import { describeLayer, wave } from '../testing/describe-layer.js'
import { activation, activationNames, type Layer } from './activation.js'
import { batchNorm } from './batch-norm.js'
import { dense } from './dense.js'
import { dropout } from './dropout.js'
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
for (const name of activationNames) {
  describeLayer(`activation ${name}`, {
    layer: () => activation(name),
    numInputs: 4,
    numOutputs: 4,
    states: {},
  })
}
describeLayer('sequential', {
  layer: () => sequential([dense(3, 4), batchNorm(4), activation('tanh'), dropout(0.1), dense(4, 2)]),
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

  test('starts from He before a ReLU, else from Glorot, or as told', () => {
    const spread = (layer: Module<Layer>) => {
      const { program } = apply(layer, wave(30, 0), [1, 30])
      return Math.max(...(initialState(program, 0).weight ?? []).map(Math.abs))
    }
    // The largest of 3,000 uniform numbers is short of the limit by a 3,000th of it, and hardly ever by ten times that.
    expect(spread(dense(30, 100)) / Math.sqrt(6 / 130)).toBeCloseTo(1, 2)
    expect(spread(dense(30, 100, { activation: 'relu' })) / Math.sqrt(6 / 30)).toBeCloseTo(1, 2)
    expect(spread(dense(30, 100, { weight: { kind: 'constant', value: 7 } }))).toBe(7)
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
    expect(() => activation('gelu' as 'relu')).toThrow(
      'there is no activation "gelu"; there are linear, relu, sigmoid, softmax, tanh',
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

  test('refuses options out of range', () => {
    expect(() => batchNorm(0)).toThrow('batchNorm: features must be a whole number')
    expect(() => batchNorm(1, { momentum: 1 })).toThrow('batchNorm: momentum must be at least 0')
    expect(() => batchNorm(1, { epsilon: 0 })).toThrow('batchNorm: epsilon must be positive, not 0')
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
