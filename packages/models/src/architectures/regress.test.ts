import { adam } from '@gradpool/core'
import { evaluate, evaluation, finishMetrics, initialState, modelFor, prediction, train } from '@gradpool/core/engine'
import { describe, expect, test } from 'vitest'
import { classify } from './classify.js'
import { regress } from './regress.js'

const fields = { x: { dtype: 'f32', shape: [3] }, y: { dtype: 'f32', shape: [] } } as const
const moments = (field: string) =>
  field === 'x'
    ? { shape: [3], mean: [100, 0, 5], deviation: [10, 1, 0] }
    : { shape: [], mean: [1000], deviation: [50] }
const statistics = (field: string) => {
  const { mean } = moments(field)
  return { ...moments(field), least: mean, most: mean, median: mean, mostFrequent: mean }
}
const batch = { x: [110, 1, 5, 90, -1, 5, 100, 0, 5, 105, 2, 5], y: [1050, 950, 1000, 1100] }
/** What the model sees of these rows. */
const seen = { x: [1, 1, 0, -1, -1, 0, 0, 0, 0, 0.5, 2, 0], y: [1, -1, 0, 2] }
const options = { batchSize: 4, data: { fields, numExamples: 4 }, optimizer: adam() }

describe('regress', () => {
  const plain = regress({ hidden: [4], standardize: false })
  const scaled = modelFor(regress({ hidden: [4] }), { fields, statistics })

  test('is the plain network on scaled inputs and targets', () => {
    const { program } = train(plain, options)
    const state = initialState(program, 3)
    const told = evaluate(train(scaled, options).program, { state, batch }).results
    expect(told.loss?.[0]).toBeCloseTo(evaluate(program, { state, batch: seen }).results.loss?.[0] ?? NaN, 5)
    const own = evaluate(prediction(plain, options).program, { state, batch: { x: seen.x } }).results.estimate ?? []
    const estimate = evaluate(prediction(scaled, options).program, { state, batch: { x: batch.x } }).results.estimate
    expect(estimate).toHaveLength(4)
    own.forEach((value, i) => {
      expect(estimate?.[i]).toBeCloseTo(1000 + 50 * value, 3)
    })
  })

  test('tells metrics in the units of the target', () => {
    const { program, metrics } = evaluation(scaled, options)
    const state = initialState(program, 3)
    const { results } = evaluate(program, { state, batch })
    const { estimate = [] } = evaluate(prediction(scaled, options).program, { state, batch: { x: batch.x } }).results
    const errors = batch.y.map((y, i) => (estimate[i] ?? NaN) - y)
    const means = Object.fromEntries(Object.entries(results).filter(([, values]) => values.length === 1))
    const rows = Object.fromEntries(
      Object.entries(results).flatMap(([name, values]) =>
        values.length > 1 ? [[name, Float32Array.from(values)] as const] : [],
      ),
    )
    const { mae, rmse } = finishMetrics(metrics, { means, rows }, 4)
    expect(mae).toBeCloseTo(errors.reduce((sum, e) => sum + Math.abs(e), 0) / 4, 2)
    expect(rmse).toBeCloseTo(Math.sqrt(errors.reduce((sum, e) => sum + e * e, 0) / 4), 2)
  })

  test('takes several targets, and inputs of any shape and type', () => {
    const wide = { x: { dtype: 'u8', shape: [2, 3] }, y: { dtype: 'f32', shape: [2] } } as const
    const model = regress({ hidden: [], standardize: false })
    const { program } = train(model, { ...options, data: { fields: wide, numExamples: 4 } })
    expect(program.states.find(({ name }) => name === 'head.0.weight')?.shape).toEqual([6, 2])
  })

  test('takes categories and missing values as they are', () => {
    const { columns, categories } = { columns: ['size', 'kind', 'age'], categories: { kind: ['ash', 'oak', 'elm'] } }
    const of = (name: string) => {
      const figures = { mean: [100, 1.2, 5], deviation: [10, 0.7, 0], median: [90, 1, 5], mostFrequent: [80, 2, 5] }
      return name === 'x' ? { ...figures, shape: [3], least: [0, 0, 5], most: [200, 2, 5] } : statistics(name)
    }
    const data = { fields, statistics: of, columns, categories, missing: 'median' } as const
    const table = modelFor(regress({ hidden: [4] }), data)
    const seenBy = { x: { dtype: 'f32', shape: [5] }, y: fields.y } as const
    const unscaled = { ...options, data: { fields: seenBy, numExamples: 4 } }
    const { program } = prediction(plain, unscaled)
    const state = initialState(program, 3)
    // Unknown, known, missing.
    const rows = { x: [110, 3, 5, NaN, 1, 5, 100, NaN, 5, 105, 0, NaN] }
    const x = [1, 0, 0, 0, 0, -1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0.5, 1, 0, 0, 0]
    const own = evaluate(program, { state, batch: { x } }).results.estimate ?? []
    const { estimate } = evaluate(prediction(table, options).program, { state, batch: rows }).results
    expect(own).toHaveLength(4)
    own.forEach((value, i) => {
      expect(estimate?.[i]).toBeCloseTo(1000 + 50 * value, 3)
    })
  })

  test('says what lacks', () => {
    const without = { fields: { x: fields.x }, statistics }
    expect(() => modelFor(regress({ hidden: [] }), without)).toThrow(/^this model needs the field 'y'; the fields of/)
    expect(() => modelFor(regress({ hidden: [] }), { fields })).toThrow(
      /^standardize needs the training rows of 'x', which are not there: give standardize: false$/,
    )
    expect(() => regress({ hidden: [0] })).toThrow(/hidden/)
  })
})

describe('regress with quantiles', () => {
  const quantiles = [0.1, 0.4, 0.9]
  const pair = { x: fields.x, y: { dtype: 'f32', shape: [2] } } as const
  const two = { shape: [2], mean: [1000, 0], deviation: [50, 1] }
  const statisticsOfTwo = (field: string) => {
    const figures = field === 'x' ? moments('x') : two
    const { mean } = figures
    return { ...figures, least: mean, most: mean, median: mean, mostFrequent: mean }
  }
  const model = modelFor(regress({ hidden: [], quantiles }), { fields: pair, statistics: statisticsOfTwo })
  const rows = { ...options, data: { fields: pair, numExamples: 4 } }
  const y = [1050, 1, 950, 0, 1000, -1, 1100, 3]
  const { program } = train(model, rows)
  const state = initialState(program, 3)

  test('learns the pinball loss of each, of scaled targets', () => {
    // The network's outputs are in the order of the quantiles, and of the targets within each.
    const plain = regress({ hidden: [], standardize: false })
    const six = {
      ...options,
      data: { fields: { ...fields, y: { dtype: 'f32', shape: [6] } }, numExamples: 4 },
    } as const
    const outputs = evaluate(prediction(plain, six).program, { state, batch: { x: seen.x } }).results.estimate ?? []
    const scaled = y.map((value, i) => (value - (two.mean[i % 2] ?? NaN)) / (two.deviation[i % 2] ?? NaN))
    const losses = quantiles.map((quantile, place) => {
      const each = scaled.map((value, i) => value - (outputs[6 * Math.floor(i / 2) + 2 * place + (i % 2)] ?? NaN))
      return each.reduce((sum, d) => sum + Math.max(quantile * d, (quantile - 1) * d), 0) / 8
    })
    const told = evaluate(program, { state, batch: { x: batch.x, y } }).results.loss?.[0]
    expect(told).toBeCloseTo(
      losses.reduce((sum, loss) => sum + loss),
      5,
    )
  })

  test('predicts them in order, tells the middle one, and how often the outer two hold', () => {
    const found = evaluate(prediction(model, rows).program, { state, batch: { x: batch.x } }).results
    const each = [...(found.quantiles ?? [])]
    expect(each).toHaveLength(4 * 3 * 2)
    const at = (row: number, place: number, target: number) => each[6 * row + 2 * place + target] ?? NaN
    let [inside, width] = [0, 0]
    for (let row = 0; row < 4; row++) {
      for (const target of [0, 1]) {
        const [low, middle, high] = [at(row, 0, target), at(row, 1, target), at(row, 2, target)]
        expect(low <= middle && middle <= high).toBe(true)
        expect(found.estimate?.[2 * row + target]).toBe(middle)
        const value = y[2 * row + target] ?? NaN
        inside += Number(low <= value && value <= high)
        width += high - low
      }
    }
    const { coverage, width: told } = evaluate(evaluation(model, rows).program, {
      state,
      batch: { x: batch.x, y },
    }).results
    expect(coverage?.[0]).toBeCloseTo(inside / 8, 5)
    expect(told?.[0]).toBeCloseTo(width / 8, 3)
  })

  test('refuses quantiles that are not ascending shares', () => {
    for (const wrong of [[], [0.5, 0.5], [0, 0.5], [0.5, 1], [NaN]]) {
      expect(() => regress({ hidden: [], quantiles: wrong })).toThrow(
        /^quantiles must be ascending, above 0 and below 1/,
      )
    }
  })
})

describe('classify of a table', () => {
  const table = { x: fields.x, label: { dtype: 'i32', shape: [] } } as const
  const data = { fields: table, classes: 3, statistics }

  test('scales its inputs, unless it is told not to', () => {
    const rows = { batchSize: 4, data: { fields: table, numExamples: 4, classes: 3 } }
    const logitsOf = (model: Parameters<typeof prediction>[0], x: readonly number[]) => {
      const { program } = prediction(model, rows)
      return [...(evaluate(program, { state: initialState(program, 1), batch: { x } }).results.logits ?? [])]
    }
    const scaled = logitsOf(modelFor(classify({ hidden: [4] }), data), batch.x)
    const plain = logitsOf(modelFor(classify({ hidden: [4], standardize: false }), data), seen.x)
    expect(scaled).toHaveLength(12)
    scaled.forEach((value, i) => {
      expect(value).toBeCloseTo(plain[i] ?? NaN, 5)
    })
    const half = logitsOf(modelFor(classify({ hidden: [4], scale: 0.5 }), data), seen.x)
    expect(half).toEqual(logitsOf(modelFor(classify({ hidden: [4], scale: 0.5, field: 'x' }), data), seen.x))
  })

  test('says what does not go together, and which field lacks', () => {
    const both = classify({ hidden: [4], standardize: true, scale: 2 })
    expect(() => modelFor(both, data)).toThrow(/^standardize goes with neither an encoder nor a scale$/)
    expect(() => modelFor(classify({ hidden: [4], field: 'z' }), data)).toThrow(/^this model needs the field 'z'/)
  })
})
