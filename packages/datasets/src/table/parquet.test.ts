// Files that pyarrow wrote: tools/oracles/parquet_pyarrow.py.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { csv, jsonl, loadDataset, parquet, readInputs, surveyFile, type ParquetOptions } from '../index.js'
import { tempFolder } from '../testing/temp-folder.js'
import { userErrorOf } from '../testing/user-errors.js'

const folder = fileURLToPath(new URL('../../../../tools/oracles/parquet_pyarrow/', import.meta.url))
const fileOf = (name: string) => join(folder, `${name}.parquet`)
const columns = JSON.parse(await readFile(join(folder, 'table.json'), 'utf8')) as Readonly<
  Record<string, readonly (number | string | null)[]>
>
const numeric = ['size', 'ratio', 'count', 'large', 'small', 'price']
const rows = (columns.size ?? []).map((_, row) =>
  Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values[row]])),
)
const options: ParquetOptions = { target: 'kind', columns: numeric, test: 0.2 }

const forms = ['none', 'snappy', 'gzip', 'brotli', 'zstd', 'lz4', 'pages-v2', 'plain', 'delta']
test.each(forms)('%s: numbers of all widths and decimals, to the bit of the same rows as JSON', async (name) => {
  const lines = join(await tempFolder(), 'rows.jsonl')
  await writeFile(lines, rows.map((row) => JSON.stringify(row)).join('\n'))
  const read = await loadDataset(parquet(fileOf(name), options))
  const wanted = await loadDataset(jsonl(lines, options))
  expect(read.fields.train.x?.values.slice(0, 6)).toEqual(
    Float32Array.from(numeric.map((column) => Number(columns[column]?.[0]))),
  )
  expect(read.hash).toBe(wanted.hash)
  expect([read.columns, read.classNames, read.splits.test?.rows.length]).toEqual([
    numeric,
    ['aster', 'päonie', 'rose'],
    60,
  ])
})

test('missing values and truth values are as in other tables', async () => {
  const text = ['gap,sold', ...rows.map(({ gap, sold }) => `${gap ?? ''},${sold ?? ''}`)].join('\n')
  const table = join(await tempFolder(), 'table.csv')
  await writeFile(table, text)
  const dropped = { target: 'sold', columns: ['gap'], missing: 'drop' } as const
  const [read, wanted] = await Promise.all([
    loadDataset(parquet(fileOf('snappy'), dropped)),
    loadDataset(csv(table, dropped)),
  ])
  expect([read.hash, read.classNames]).toEqual([wanted.hash, ['false', 'true']])
  expect(read.fields.train.x?.values).toHaveLength(rows.filter(({ gap }) => gap !== null).length)
})

test('categories and missing values are those of the same rows as JSON, in training and to predict from', async () => {
  const lines = join(await tempFolder(), 'rows.jsonl')
  await writeFile(lines, rows.map((row) => JSON.stringify(row)).join('\n'))
  const mixed: ParquetOptions = { target: 'price', columns: ['gap', 'kind', 'size'], missing: 'median' }
  const read = await loadDataset(parquet(fileOf('snappy'), mixed))
  const wanted = await loadDataset(jsonl(lines, mixed))
  expect([read.hash, read.categories]).toEqual([wanted.hash, { kind: ['aster', 'päonie', 'rose'] }])
  const inputs = await readInputs(fileOf('snappy'), wanted)
  expect(inputs.x).toEqual(wanted.fields.train.x?.values)
})

test('a survey tells columns, ranges, missing values and classes', async () => {
  const survey = await surveyFile(fileOf('zstd'))
  expect(survey.rows).toBe(300)
  expect(survey.columns.map(({ name, type, missing }) => [name, type, missing])).toEqual([
    ...numeric.map((name) => [name, 'number', 0]),
    ['gap', 'number', 27],
    ['kind', 'text', 0],
    ['sold', 'text', 0],
  ])
})

test('one sentence for what is wrong', async () => {
  const cut = join(await tempFolder(), 'cut.parquet')
  await writeFile(cut, (await readFile(fileOf('snappy'))).subarray(0, -100))
  const text = join(await tempFolder(), 'text.parquet')
  await writeFile(text, 'x,y\n1,2\n')
  const wrong = [
    [parquet(cut), /cut\.parquet is not a whole \.parquet file: /],
    [parquet(text), /text\.parquet is not a whole \.parquet file: /],
    [parquet(join(folder, 'nothing.parquet')), /nothing\.parquet is missing, expected a file/],
    [parquet(folder), /is a folder|is a directory/],
    [parquet(fileOf('nested')), /nested\.parquet has lists or parts in column 'list', expected numbers or texts/],
    [parquet(fileOf('nested'), { columns: ['x', 'time'] }), /has a time in row 1, column 'time', expected a number/],
    [parquet(fileOf('snappy'), { columns: ['nothing'] }), /has no column 'nothing'; its columns are 'size', 'ratio'/],
    [parquet(fileOf('snappy'), { columns: ['gap'] }), /has no value in row 4, column 'gap': say what becomes/],
    [
      parquet(fileOf('snappy'), { columns: ['kind'], categories: { kind: ['aster'] } }),
      /has the category 'rose' in row 1, column 'kind', which is none of 'aster'$/,
    ],
  ] as const
  for (const [spec, message] of wrong) {
    await expect(userErrorOf(() => loadDataset(spec))).resolves.toMatch(message)
  }
  await expect(loadDataset(parquet(fileOf('nested'), { columns: ['x'] }))).resolves.toBeDefined()
})
