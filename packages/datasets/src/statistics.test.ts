import { expect, test } from 'vitest'
import { arrays, loadDataset, modelDataOf, statisticsOf } from './index.js'
import { userErrorOf } from './testing/user-errors.js'

test('are of the training rows alone', async () => {
  const x = { values: [1, 10, 2, 20, 3, 30, 400, 4000], shape: [2] }
  const dataset = await loadDataset(arrays({ x }), { test: { x: { values: [7, 8], shape: [2] } }, validation: 0.25 })
  const { rows } = dataset.splits.train
  expect(rows).toHaveLength(3)
  const { shape, mean, deviation } = statisticsOf(dataset, 'x')
  const column = (at: number) => Array.from(rows, (row) => x.values[2 * row + at] ?? NaN)
  const means = [0, 1].map((at) => column(at).reduce((sum, value) => sum + value) / 3)
  expect(shape).toEqual([2])
  means.forEach((each, at) => {
    expect(mean[at]).toBeCloseTo(each, 10)
    const variance = column(at).reduce((sum, value) => sum + (value - each) ** 2, 0) / 3
    expect(deviation[at]).toBeCloseTo(Math.sqrt(variance), 10)
  })
  expect(modelDataOf(dataset).statistics?.('x')).toEqual({ shape, mean, deviation })
})

test('of what is always the same are exact', async () => {
  const dataset = await loadDataset({ x: { values: new Array<number>(1000).fill(0.1), shape: [] } })
  expect(statisticsOf(dataset, 'x')).toEqual({ shape: [], mean: [Math.fround(0.1)], deviation: [0] })
})

test('of no field are none', async () => {
  const dataset = await loadDataset({ x: { values: [1], shape: [] } })
  await expect(userErrorOf(() => statisticsOf(dataset, 'y'))).resolves.toBe("arrays has no field 'y'")
})
