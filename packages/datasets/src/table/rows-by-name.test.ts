import { expect, test } from 'vitest'
import { rowsByName, type NamedRow } from '../index.js'
import { userErrorOf } from '../testing/user-errors.js'

const names = {
  target: 'price',
  columns: ['size', 'kind', 'district'],
  categories: { kind: ['ash', 'oak'], district: ['9', '10'] },
} as const

test('values by the names of columns, in any order', () => {
  const rows = [
    { kind: 'oak', size: 4, district: 10 },
    { district: '9.0', size: '2.5', kind: 'ash', price: 7 },
  ]
  expect([...rowsByName(rows, names)]).toEqual([4, 1, 1, 2.5, 0, 0])
  expect([...rowsByName([{ ok: true }], { columns: ['ok'], categories: { ok: ['false', 'true'] } })]).toEqual([1])
})

test('missing values, where the model replaces them', () => {
  const rows: NamedRow[] = [{ kind: null, size: NaN, district: 'NA' }, { size: '' }]
  expect([...rowsByName(rows, { ...names, missing: 'mean' })]).toEqual([NaN, NaN, NaN, NaN, NaN, NaN])
  const filled = { columns: ['a'], missing: { value: -1 } }
  expect([...rowsByName([{}, { a: 2 }], filled)]).toEqual([-1, 2])
})

test('categories without a number', () => {
  expect([...rowsByName([{ size: 1, kind: 'elm', district: 9 }], { ...names, unknown: 'zeros' })]).toEqual([1, 2, 0])
})

test.each<[NamedRow, RegExp]>([
  [{ size: 1, kind: 'elm', district: 9 }, /^row 1 has the category 'elm' as 'kind', which is none of 'ash', 'oak'$/],
  [{ size: 1, kind: 'oak' }, /^row 1 has no 'district', and this model was trained without missing values$/],
  [{ size: 'big', kind: 'oak', district: 9 }, /^row 1 has 'big' as 'size', expected a finite number$/],
  [{ size: Infinity, kind: 'oak', district: 9 }, /^row 1 has Infinity as 'size', expected a finite number$/],
  [{ siez: 1 }, /^row 1 has 'siez', which is no column of this model; its columns are 'size', 'kind', 'district'$/],
])('%j is refused', async (row, message) => {
  const rows = [{ size: 1, kind: 'oak', district: 9 }, row]
  await expect(userErrorOf(() => rowsByName(rows, names))).resolves.toMatch(message)
})

test('a model of no table has no names', async () => {
  await expect(userErrorOf(() => rowsByName([{}], {}))).resolves.toMatch(/^this model was trained on no table/)
})
