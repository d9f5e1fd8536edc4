import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { foldsOf, withFold } from './folds.js'
import { loadDataset } from '../load.js'
import { arrays } from '../spec.js'

const numRows = 23
const label = Uint8Array.from({ length: numRows }, (_, row) => (row % 5 === 0 ? 1 : row % 11 === 3 ? 2 : 0))
const fields = {
  x: { values: Float32Array.from({ length: 2 * numRows }, (_, i) => i), shape: [2] },
  label: { values: label, shape: [] },
}
const options = { folds: 4, seed: 3, repeat: 0 }
const sorted = (folds: readonly Int32Array[]) => folds.flatMap((rows) => Array.from(rows)).sort((a, b) => a - b)

interface Oracle {
  readonly kFold: readonly { readonly rows: number; readonly folds: readonly (readonly number[])[] }[]
}
const file = new URL('../../../../tools/oracles/judging_sklearn.json', import.meta.url)
const { kFold } = JSON.parse(readFileSync(file, 'utf8')) as Oracle

test.each(kFold)('in order, $rows rows are in the folds of scikit-learn', async ({ rows, folds }) => {
  const data = await loadDataset({ x: { values: new Float32Array(rows), shape: [] } })
  const ours = foldsOf(data, { ...options, folds: folds.length, splitBy: 'order' })
  expect(ours.map((it) => Array.from(it))).toEqual(folds)
})

describe.each(['random', 'label', 'order'] as const)('folds by %s', (splitBy) => {
  test('have each training row once, in order, and sizes within 1', async () => {
    const data = await loadDataset(arrays(fields, { test: 4 }))
    const folds = foldsOf(data, { ...options, splitBy })
    expect(sorted(folds)).toEqual(Array.from(data.splits.train.rows))
    expect(folds.map(({ length }) => length).sort()).toEqual([4, 5, 5, 5])
    for (const rows of folds) expect(rows).toEqual(rows.toSorted())
  })

  test('hang on seed and repeat, but where rows stay as they are', async () => {
    const data = await loadDataset(fields)
    const first = foldsOf(data, { ...options, splitBy })
    expect(foldsOf(data, { ...options, splitBy })).toEqual(first)
    for (const other of [{ seed: 4 }, { repeat: 1 }]) {
      const changed = foldsOf(data, { ...options, splitBy, ...other })
      if (splitBy === 'order') expect(changed).toEqual(first)
      else expect(changed).not.toEqual(first)
    }
  })
})

test('by label, every fold has as much of each class, within 1', async () => {
  const data = await loadDataset(fields)
  const folds = foldsOf(data, { ...options, splitBy: 'label' })
  for (const kind of [0, 1, 2]) {
    const counts = folds.map((rows) => rows.filter((row) => label[row] === kind).length)
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
  }
})

test('a fold is the test, what is validation stays so, and the rest is trained on', async () => {
  const data = await loadDataset(arrays(fields, { validation: 3, test: 4 }))
  const [held = new Int32Array()] = foldsOf(data, { ...options, splitBy: 'random' })
  const { splits, classes } = withFold(data, held, { ...options, splitBy: 'random', count: undefined })
  expect(classes).toBe(3)
  expect(splits.test?.rows).toEqual(held)
  expect(splits.validation?.rows).toEqual(data.splits.validation?.rows)
  expect(sorted([splits.train.rows, held])).toEqual(Array.from(data.splits.train.rows))
  expect(splits.train.fields.x).toBe(data.fields.train.x)
})

test('by group, no group is in two folds, and folds are as even as the largest groups allow', async () => {
  const group = Int32Array.from({ length: numRows }, (_, row) => (row < 8 ? 7 : row % 6))
  const data = await loadDataset({ ...fields, group: { values: group, shape: [] } })
  const folds = foldsOf(data, { ...options, splitBy: { group: 'group' } })
  expect(sorted(folds)).toEqual(Array.from(data.splits.train.rows))
  const groups = folds.map((rows) => new Set(Array.from(rows, (row) => group[row])))
  expect(groups.reduce((sum, { size }) => sum + size, 0)).toBe(7)
  // Of 8, 3, 3, 3, 2, 2 and 2 rows.
  expect(folds.map(({ length }) => length).sort()).toEqual([5, 5, 5, 8])
  expect(foldsOf(data, { ...options, splitBy: { group: 'group' }, seed: 5 })).not.toEqual(folds)
  expect(() => foldsOf(data, { ...options, folds: 8, splitBy: { group: 'group' } })).toThrow(
    '7 groups cannot be in 8 folds: take fewer folds',
  )
  expect(() => foldsOf(data, { ...options, splitBy: { group: 'grup' } })).toThrow("has no field 'grup'")
})

test('too few rows, and labels that are not there, are refused', async () => {
  const data = await loadDataset({ x: fields.x })
  expect(() => foldsOf(data, { ...options, folds: 24, splitBy: 'random' })).toThrow(
    '23 rows cannot be in 24 folds: take fewer folds',
  )
  expect(() => foldsOf(data, { ...options, splitBy: 'label' })).toThrow("splitBy: 'label' needs the field 'label'")
})

test.each(['random', 'order'] as const)('of the rest by %s, fewer rows are among more', async (splitBy) => {
  const data = await loadDataset(fields)
  const [, held = new Int32Array()] = foldsOf(data, { ...options, splitBy })
  const some = (count: number) =>
    Array.from(withFold(data, held, { ...options, splitBy, count }).splits.train.rows, Number)
  expect([some(3).length, some(9).length]).toEqual([3, 9])
  expect(some(9)).toEqual(some(9).toSorted((a, b) => a - b))
  for (const row of some(3)) expect(some(9)).toContain(row)
  for (const row of held) expect(some(9)).not.toContain(row)
  if (splitBy === 'order') expect(some(3)).toEqual([0, 1, 2])
})
