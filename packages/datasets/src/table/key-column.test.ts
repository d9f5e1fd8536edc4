import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { csv, jsonl, loadDataset, type CsvOptions } from '../index.js'
import { tempFolder } from '../testing/temp-folder.js'
import { userErrorOf } from '../testing/user-errors.js'

async function written(content: string): Promise<string> {
  const path = join(await tempFolder(), 'table')
  await writeFile(path, content)
  return path
}

const a = (split: { readonly rows: Int32Array } | undefined, values: ArrayLike<number> | undefined) =>
  Array.from(split?.rows ?? [], (row) => values?.[row])

test('groups are a column of any texts, which is no input unless it is named', async () => {
  const rows = Array.from({ length: 30 }, (_, i) => `${i},${['ann', 'bob', '7'][i % 3]}`)
  const path = await written(['a,who', ...rows].join('\n'))
  const { splits, columns, fields } = await loadDataset(csv(path, { splitBy: { group: 'who' }, test: 0.3 }))
  expect(columns).toEqual(['a'])
  const groups = a(splits.test, fields.train.x?.values).map((value) => (value ?? NaN) % 3)
  expect([groups.length, new Set(groups).size]).toEqual([10, 1])
  const named = await loadDataset(csv(path, { splitBy: { group: 'who' }, columns: ['a', 'who'] }))
  expect(named.categories).toEqual({ who: ['7', 'ann', 'bob'] })
})

test.each([
  ['numbers', ['2', '1', '10', '3']],
  ['days', ['2026-01-02', '2025-12-31', '2026-03-01', '2026-02-28']],
  ['months', ['2026-01', '2025-12', '2026-03', '2026-02']],
  [
    'times with zones',
    ['2026-01-01T10:00Z', '2026-01-01 09:00:00.5Z', '2026-01-01T10:30-01:00', '2026-01-01T12:15+02:00'],
  ],
])('%s are times', async (_, times) => {
  const path = await written(['a,when', ...times.map((time, i) => `${i},${time}`)].join('\n'))
  const { splits, fields } = await loadDataset(csv(path, { splitBy: { time: 'when' }, test: 1, validation: 1 }))
  expect(a(splits.test, fields.train.x?.values)).toEqual([2])
  expect(a(splits.train, fields.train.x?.values)).toEqual([0, 1])
})

test('of JSON lines, too', async () => {
  const path = await written('{"a":1,"t":2}\n{"t":1,"a":2}\n')
  const { splits, fields } = await loadDataset(jsonl(path, { columns: ['a'], splitBy: { time: 't' }, test: 1 }))
  expect(a(splits.test, fields.train.x?.values)).toEqual([1])
})

test.each<[string, string, CsvOptions['splitBy'], RegExp]>([
  ['no such column', 'a\n1\n', { group: 'b' }, /has no column 'b'; its columns are 'a'$/],
  ['no group', 'a,b\n1,x\n2,\n', { group: 'b' }, /has no value in line 3, column 'b', expected a group to split by$/],
  ['no time', 'a,b\n1,31.12.2026\n', { time: 'b' }, /has '31\.12\.2026' in line 2, column 'b', expected a time to/],
  ['no such day', 'a,b\n1,2026-13-01\n', { time: 'b' }, /has '2026-13-01' in line 2, column 'b', expected a time/],
  ['times of two kinds', 'a,b\n1,2026-01-01\n2,5\n', { time: 'b' }, /has 5 in line 3, column 'b', expected a time/],
])('%s is refused', async (_, content, splitBy, message) => {
  const spec = csv(await written(content), { ...(splitBy && { splitBy }), test: 1 })
  await expect(userErrorOf(() => loadDataset(spec))).resolves.toMatch(message)
})
