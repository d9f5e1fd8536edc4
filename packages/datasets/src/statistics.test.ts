import { expect, test } from 'vitest'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { arrays, csv, loadDataset, modelDataOf, statisticsOf } from './index.js'
import { tempFolder } from './testing/temp-folder.js'
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
  expect(modelDataOf(dataset).statistics?.('x')).toMatchObject({ shape, mean, deviation })
})

test('of what is always the same are exact', async () => {
  const dataset = await loadDataset({ x: { values: new Array<number>(1000).fill(0.1), shape: [] } })
  const same = [Math.fround(0.1)]
  const figures = { mean: same, least: same, most: same, median: same, mostFrequent: same }
  expect(statisticsOf(dataset, 'x')).toEqual({ shape: [], ...figures, deviation: [0] })
})

test('of no field are none', async () => {
  const dataset = await loadDataset({ x: { values: [1], shape: [] } })
  await expect(userErrorOf(() => statisticsOf(dataset, 'y'))).resolves.toBe("arrays has no field 'y'")
})

interface Oracle {
  readonly heldOut: number
  readonly numbers: readonly (readonly (number | null)[])[]
  readonly kinds: readonly string[]
  readonly expected: Readonly<Record<string, readonly number[]>> & { readonly categories: readonly string[] }
}

test('are those of scikit-learn, without what is missing', async () => {
  const oracleFile = new URL('../../../tools/oracles/preparation_sklearn.json', import.meta.url)
  const { heldOut, numbers, kinds, expected } = JSON.parse(readFileSync(oracleFile, 'utf8')) as Oracle
  const path = join(await tempFolder(), 'trees.csv')
  const rows = numbers.map((row, at) => [...row.map((value) => value ?? ''), kinds[at]].join())
  writeFileSync(path, ['a,b,c,kind', ...rows].join('\n'))
  const spec = { missing: 'mean', splitBy: 'order', test: heldOut, unknown: 'zeros' } as const
  const dataset = await loadDataset(csv(path, { ...spec, categories: { kind: expected.categories } }))
  const figures = statisticsOf(dataset, 'x')
  for (const name of ['mean', 'median', 'mostFrequent', 'deviation', 'least', 'most'] as const) {
    expected[name]?.forEach((value, at) => {
      expect(figures[name][at]).toBeCloseTo(value, 10)
    })
  }
  const logs = statisticsOf(dataset, 'x', Math.log1p)
  for (const at of [0, 1, 2]) {
    expect(logs.mean[at]).toBeCloseTo(expected.logMean?.[at] ?? NaN, 10)
    expect(logs.deviation[at]).toBeCloseTo(expected.logDeviation?.[at] ?? NaN, 10)
  }
})

test('of a column without any value in the training rows are none', async () => {
  const path = join(await tempFolder(), 'none.csv')
  writeFileSync(path, 'a,b\n1,\n2,NA\n3,5')
  const dataset = await loadDataset(csv(path, { missing: 'mean', splitBy: 'order', test: 1 }))
  await expect(userErrorOf(() => statisticsOf(dataset, 'x'))).resolves.toBe(
    "none.csv has no value of the column 'b' in the training rows",
  )
})
