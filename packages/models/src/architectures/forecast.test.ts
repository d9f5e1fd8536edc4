import { adam } from '@gradpool/core'
import { evaluate, evaluation, initialState, modelFor, prediction, train } from '@gradpool/core/engine'
import { describe, expect, test } from 'vitest'
import { forecast } from './forecast.js'

const fields = { x: { dtype: 'f32', shape: [4, 2] }, y: { dtype: 'f32', shape: [3] } } as const
const figures = [1, 1, 1]
const statistics = () => ({
  shape: [3],
  mean: figures,
  deviation: figures,
  least: figures,
  most: figures,
  median: figures,
  mostFrequent: figures,
})
const options = { batchSize: 2, data: { fields, numExamples: 2 }, optimizer: adam() }
const x = [1, 50, 3, 40, 2, 60, 5, 55, 10, 5, 20, 5, 30, 5, 25, 5]
const y = [6, 4, 7, 20, 22, 40]

describe('forecast', () => {
  const model = modelFor(forecast({ hidden: [5] }), { fields, statistics })
  const { program } = train(model, options)
  const state = initialState(program, 1)
  const told = prediction(model, options).program
  const estimateOf = (values: readonly number[]) => [
    ...(evaluate(told, { state, batch: { x: values } }).results.estimate ?? []),
  ]

  test('goes on from the last value, whatever the level and the scale', () => {
    const plain = estimateOf(x)
    expect(plain).toHaveLength(6)
    const moved = estimateOf(x.map((value, i) => (i % 2 === 0 ? 1000 + 16 * value : value)))
    // The root of the mean square is that of sixteen times the values, but for what keeps it from 0.
    moved.forEach((value, i) => {
      expect(Math.abs(value - (1000 + 16 * (plain[i] ?? NaN)))).toBeLessThan(0.02)
    })
  })

  test('tells the last value, whatever it is, before it has learnt anything', () => {
    const zeros = Object.fromEntries(Object.entries(state).map(([name, values]) => [name, values.map(() => 0)]))
    const first = evaluate(told, { state: zeros, batch: { x } }).results.estimate
    expect([...(first ?? [])]).toEqual([5, 5, 5, 25, 25, 25])
    const second = modelFor(forecast({ hidden: [5], column: 1 }), { fields, statistics })
    const { results } = evaluate(prediction(second, options).program, { state: zeros, batch: { x } })
    expect([...(results.estimate ?? [])]).toEqual([55, 55, 55, 5, 5, 5])
  })

  test('tells errors in the units of the series', () => {
    const { program: judged } = evaluation(model, options)
    const estimate = estimateOf(x)
    const errors = y.map((value, i) => Math.abs(value - (estimate[i] ?? NaN)))
    const { mae } = evaluate(judged, { state, batch: { x, y } }).results
    expect(mae?.[0]).toBeCloseTo(errors.reduce((sum, error) => sum + error, 0) / 6, 4)
  })

  test('says what is wrong', () => {
    const of = (given: Parameters<typeof forecast>[0]) => modelFor(forecast(given), { fields, statistics })
    expect(() => of({ hidden: [0] })).toThrow(/^hidden/)
    expect(() => of({ hidden: [], horizon: 4 })).toThrow('horizon is 4, and that of the windows 3')
    expect(() => of({ hidden: [], column: 2 })).toThrow('column must be below 2, the columns of x, not 2')
    expect(() => of({ hidden: [], column: 0.5 })).toThrow('column must be a whole number')
    const flat = { fields: { ...fields, x: { dtype: 'f32', shape: [4] } }, statistics } as const
    expect(() => modelFor(forecast({ hidden: [] }), flat)).toThrow(/^forecast needs windows/)
    expect(() => modelFor(forecast({ hidden: [] }), { fields })).toThrow(/^forecast needs the training rows/)
  })
})
