/** What a model goes by: by hand, and by scikit-learn's figures (tools/oracles/judging_sklearn.json). */
import { defineModel, mean, mul, relu, reshape, sgd, type Batch } from '@gradpool/core'
import { shuffled } from '@gradpool/core/engine'
import { arrays, loadDataset } from '@gradpool/datasets'
import { dense, meanSquaredError, r2, regress } from '@gradpool/models'
import { describe, expect, it, test } from 'vitest'
import { explain, fit } from '../src/index.js'
import { readOracle } from '../src/testing/oracles.js'

interface Oracle {
  readonly dependence: Readonly<Record<'hidden' | 'bias' | 'output' | 'x', number[]>> & {
    readonly curves: readonly {
      readonly column: number
      readonly points: number
      readonly grid: number[]
      readonly mean: number[]
    }[]
  }
}

const { dependence: oracle } = readOracle('judging_sklearn.json') as Oracle

/** It learns nothing: its weights are what they are given as. */
const network = defineModel({
  params: { hidden: dense(2, 3), output: dense(3, 1) },
  step({ hidden, output }, { x, y }: Batch<'x' | 'y'>) {
    const estimate = reshape(output(relu(hidden(x))), y.shape)
    const error = meanSquaredError(estimate, y)
    return { loss: mul(error, 0), mse: error, r2: r2(estimate, y), own: mean(estimate) }
  },
  predict: ({ hidden, output }, { x }: Batch<'x'>) => ({ estimate: output(relu(hidden(x))) }),
})

const numRows = oracle.x.length / 2
const x = Float32Array.from(oracle.x)
/** Of the first input alone. */
const y = Float32Array.from({ length: numRows }, (_, row) => 2 * Math.max(0, x[2 * row] ?? NaN))
const data = { x: { values: x, shape: [2] }, y: { values: y, shape: [] } }

const given = (hidden: number[], bias: number[], output: number[]) =>
  fit(network, {
    data,
    epochs: 1,
    optimizer: sgd(0.1),
    workers: 1,
    initFrom: {
      'hidden.weight': Float32Array.from(hidden),
      'hidden.bias': Float32Array.from(bias),
      'output.weight': Float32Array.from(output),
      'output.bias': new Float32Array(1),
    },
  })

/** It is the target, and does not see the second input. */
const first = given([1, 0, 0, 0, 0, 0], [0, 0, 0], [2, 0, 0])

describe('permutation importance', () => {
  it('is how much worse the metric is, by hand, and 0 of what is not seen', async () => {
    const { baseline, columns } = await explain(await first, { data, metric: 'mse', repeats: 3, seed: 9 })
    expect(baseline).toBe(0)
    expect(columns.map(({ name, field, column }) => [name, field, column])).toEqual([
      ['x[0]', 'x', 0],
      ['x[1]', 'x', 1],
    ])
    const rows = Int32Array.from({ length: numRows }, (_, row) => row)
    const errors = [0, 1, 2].map((repeat) => {
      const order = shuffled(rows, 9, 2 * repeat)
      return rows.reduce((sum, row) => sum + ((y[order[row] ?? 0] ?? NaN) - (y[row] ?? NaN)) ** 2, 0) / numRows
    })
    const average = errors.reduce((sum, error) => sum + error, 0) / 3
    expect(columns[0]?.importance).toBeCloseTo(average, 5)
    const squares = errors.reduce((sum, error) => sum + (error - average) ** 2, 0)
    expect(columns[0]?.deviation).toBeCloseTo(Math.sqrt(squares / 2), 5)
    expect(columns[1]).toMatchObject({ importance: 0, deviation: 0 })
  })

  it('is positive where more is better, and the same each time', async () => {
    const options = { data, metric: 'r2', repeats: 2 } as const
    const { baseline, columns } = await explain(await first, options)
    expect(baseline).toBe(1)
    expect(columns[0]?.importance).toBeGreaterThan(0.5)
    expect((await explain(await first, options)).columns).toEqual(columns)
    expect((await explain(await first, { ...options, seed: 1 })).columns).not.toEqual(columns)
  })

  it('is of the test rows of data that have such, by the names of a table', async () => {
    const held = { x: { values: [1, 2, 3, 4], shape: [2] }, y: { values: [2, 6], shape: [] } }
    const table = { ...(await loadDataset(data, { test: held })), columns: ['size', 'year'] }
    const ofAll = await explain(await first, { data: table, metric: 'mse' })
    const ofTest = await explain(await first, { data: held, metric: 'mse' })
    expect(ofAll.columns.map(({ importance }) => importance)).toEqual(ofTest.columns.map((it) => it.importance))
    expect(ofAll.columns.map(({ name }) => name)).toEqual(['size', 'year'])
    await expect(ofAll.dependence('sise')).rejects.toThrow("there is no column 'sise'; there is 'size'")
    await expect(ofAll.dependence('size', { points: 1 })).rejects.toThrow('points must be a whole number of at least 2')
  })

  it('is refused for what says not which way is better, and for data that do not fit', async () => {
    const fitted = await first
    await expect(explain(fitted, { data, metric: 'own' })).rejects.toThrow("'own' is better needs mode: 'min' or 'max'")
    const misspelt = 'mze'
    // @ts-expect-error No metric of the model.
    await expect(explain(fitted, { data, metric: misspelt })).rejects.toThrow(
      "there is no number 'mze' among loss, mse",
    )
    await expect(explain(fitted, { data, repeats: 0 })).rejects.toThrow('repeats must be a whole number of at least 1')
    const signal = AbortSignal.abort(new Error('never mind'))
    await expect(explain(fitted, { data, signal })).rejects.toThrow('never mind')
  })
})

test.each(oracle.curves)('the dependence on column $column, of $points points, is scikit-learn’s', async (curve) => {
  const explanation = await explain(await given(oracle.hidden, oracle.bias, oracle.output), { data, repeats: 1 })
  const { grid, mean } = await explanation.dependence(`x[${curve.column}]`, { points: curve.points })
  expect(grid.length).toBe(curve.grid.length)
  grid.forEach((value, i) => expect(value).toBeCloseTo(curve.grid[i] ?? NaN, 12))
  mean.estimate.forEach(([value], i) => expect(value).toBeCloseTo(curve.mean[i] ?? NaN, 5))
  expect(mean.estimate.length).toBe(grid.length)
})

test('the dependence on whole numbers is at whole numbers', async () => {
  const bytes = defineModel({
    params: { output: dense(1, 1) },
    step: ({ output }, { x, y }: Batch<'x' | 'y'>) => ({ loss: meanSquaredError(output(reshape(x, [x.size, 1])), y) }),
    predict: ({ output }, { x }: Batch<'x'>) => ({ estimate: output(reshape(x, [x.size, 1])) }),
  })
  const x = { values: Uint8Array.from({ length: 90 }, (_, i) => (i * 37) % 91), shape: [] }
  const y = { values: new Float32Array(90), shape: [1] }
  const fitted = await fit(bytes, { data: { x, y }, epochs: 1, optimizer: sgd(1e-6), workers: 1 })
  const { columns, dependence } = await explain(fitted, { data: { x, y }, repeats: 1 })
  expect(columns.map(({ name }) => name)).toEqual(['x'])
  const { grid } = await dependence('x', { points: 7 })
  expect(grid.length).toBe(7)
  expect(grid.every(Number.isInteger)).toBe(true)
})

test('the dependence on categories is at each, and on a column with missing values at those that are there', async () => {
  const kinds = Array.from({ length: 5 }, (_, i) => `kind ${i}`)
  const x = Float32Array.from({ length: 120 }, (_, i) => (i % 2 === 0 ? (i / 2) % 5 : i % 7 === 0 ? NaN : i % 3))
  const y = Float32Array.from({ length: 60 }, (_, row) => 10 * (x[2 * row] ?? 0))
  const fields = { x: { values: x, shape: [2] }, y: { values: y, shape: [] } }
  const data = arrays(fields, { columns: ['kind', 'size'], categories: { kind: kinds }, missing: 'mean' })
  const fitted = await fit(regress({ hidden: [8] }), { data, epochs: 20, workers: 1 })
  const { columns, dependence } = await explain(fitted, { data, metric: 'mae', repeats: 2 })
  expect(columns.map(({ name }) => name)).toEqual(['kind', 'size'])
  expect((await dependence('kind', { points: 2 })).grid).toEqual([0, 1, 2, 3, 4])
  const { grid, mean } = await dependence('size')
  expect(grid).toEqual([0, 1, 2])
  expect(mean.estimate.flat().every(Number.isFinite)).toBe(true)
})
