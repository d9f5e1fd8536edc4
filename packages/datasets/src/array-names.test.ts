import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { arrays, csv, loadDataset, npy, type ArraysOptions } from './index.js'
import { npyBytes } from './testing/numpy-files.js'
import { tempFolder } from './testing/temp-folder.js'
import { userErrorOf } from './testing/user-errors.js'

const x = { values: Float32Array.of(5, 1, NaN, 0, 7, NaN), shape: [2] }
const y = { values: [1, 2, 3], shape: [] }
const names = { columns: ['size', 'kind'], categories: { kind: ['ash', 'oak'] }, missing: 'mean' } as const

test('make arrays what a table is', async () => {
  const path = join(await tempFolder(), 'trees.csv')
  await writeFile(path, 'size,kind,y\n5,oak,1\n,ash,2\n7,,3\n')
  const table = await loadDataset(csv(path, { target: 'y', missing: 'mean' }))
  const same = await loadDataset(arrays({ x, y }, names))
  expect(same).toMatchObject({ ...names, fields: { train: table.fields.train }, hash: table.hash })
  const file = join(await tempFolder(), 'x.npy')
  await writeFile(file, npyBytes('<f4', [3, 2], x.values))
  const own = await loadDataset(npy({ x: file }, names))
  expect([own.categories, own.fields.train.x?.values]).toEqual([names.categories, x.values])
  const later = csv(path, { target: 'y' })
  expect((await loadDataset(arrays({ x, y }, names), { test: later })).splits.test?.fields).toEqual(table.fields.train)
})

test('are part of the plain JSON that stands for them', () => {
  const spec: unknown = JSON.parse(JSON.stringify(arrays({ x, y }, { ...names, unknown: 'zeros' })))
  expect(spec).toMatchObject({ kind: 'arrays', ...names, unknown: 'zeros' })
})

test('of classes', async () => {
  const label = { values: Uint8Array.of(0, 1, 0), shape: [] }
  const dataset = await loadDataset(arrays({ label }, { classNames: ['rose', 'aster', 'lily'] }))
  expect([dataset.classNames, dataset.classes]).toEqual([['rose', 'aster', 'lily'], 3])
})

test.each<[ArraysOptions, RegExp]>([
  [{ columns: ['a'] }, /^arrays has 1 columns, so the field 'x' must have as many numbers, and it is f32\[2\]$/],
  [{ columns: ['a', 'a'] }, /^arrays.columns must be a list of names of columns, none of them twice/],
  [{ categories: { kind: ['ash'] } }, /^arrays has categories of 'kind', which is none of its columns$/],
  [
    { ...names, categories: { kind: ['ash'] } },
    /^arrays has 1 in row 0 of the column 'kind', expected the number of a/,
  ],
  [{ classNames: ['a', 'b'] }, /^arrays has classNames, so it needs the field 'label' of one class number a row$/],
])('that are not those of the fields are refused: %j', async (options, message) => {
  await expect(userErrorOf(() => loadDataset(arrays({ x, y }, { missing: 'mean', ...options })))).resolves.toMatch(
    message,
  )
})

test('NaN is missing where that was said, and only in x', async () => {
  await expect(userErrorOf(() => arrays({ x, y }))).resolves.toBe(
    'arrays.x is not a number in row 1, expected numbers only',
  )
  const once = arrays({ x, y }, { missing: 'median' })
  await expect(userErrorOf(() => arrays(once.fields))).resolves.toMatch(/is not a number in row 1/)
  await expect(userErrorOf(() => arrays({ x: y, y: x }, { missing: 'mean' }))).resolves.toMatch(
    /^arrays.y is not a number/,
  )
  const infinite = { values: [1, Infinity], shape: [] }
  await expect(userErrorOf(() => arrays({ x: infinite }, { missing: 'mean' }))).resolves.toMatch(
    /^arrays.x is infinite in/,
  )
  const label = { values: Uint8Array.of(0, 3), shape: [] }
  await expect(userErrorOf(() => loadDataset(arrays({ label }, { classNames: ['a', 'b'] })))).resolves.toBe(
    'arrays has the label 3 in row 1, expected one of the 2 classes',
  )
})
