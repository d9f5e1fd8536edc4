import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readInputs } from '../index.js'
import { tempFolder } from '../testing/temp-folder.js'
import { userErrorOf } from '../testing/user-errors.js'

const names = {
  target: 'price',
  columns: ['size', 'kind'],
  categories: { kind: ['ash', 'oak'] },
  missing: 'mean',
} as const

async function written(name: string, text: string): Promise<string> {
  const path = join(await tempFolder(), name)
  await writeFile(path, text)
  return path
}

test('columns by their names, in whatever order they are', async () => {
  const path = await written('a.csv', 'id,kind,price,size\n1,oak,3,4\n2,,5,\n')
  const { x, numRows, leftAside } = await readInputs(path, names)
  expect([...x, numRows, leftAside]).toEqual([4, 1, NaN, NaN, 2, ['id']])
  const lines = await written('a.jsonl', '{"kind":"oak","size":4,"id":3}\n{"size":null}')
  expect([...(await readInputs(lines, names)).x]).toEqual([4, 1, NaN, NaN])
})

test('what stood for missing values does so again', async () => {
  const path = await written('a.tsv', 'size\n\t\n4\n'.replace('\t', 'NA'))
  expect([...(await readInputs(path, { columns: ['size'], missing: { value: -1 } })).x]).toEqual([-1, 4])
})

test.each([
  [
    'a.csv',
    'size,kind\n1,elm\n',
    names,
    /has the category 'elm' in line 2, column 'kind', which is none of 'ash', 'oak'$/,
  ],
  ['a.csv', 'size\n1\n', names, /has no column 'kind'; its columns are 'size'$/],
  ['a.csv', 'size,kind\nbig,oak\n', names, /has 'big' in line 2, column 'size', expected a finite number$/],
  [
    'a.csv',
    'size\nNA\n',
    { columns: ['size'] },
    /has no value in line 2, column 'size': this model was trained without missing values$/,
  ],
  ['a.csv', 'size\n1\n', {}, /^this model was trained on no table/],
  ['a.txt', 'size\n1\n', names, /a\.txt is no table by its ending: \.csv, \.tsv, \.jsonl or \.parquet$/],
])('%s of %j is refused for another model', async (name, text, given, message) => {
  await expect(userErrorOf(async () => readInputs(await written(name, text), given))).resolves.toMatch(message)
})

test('a category without a number is zeros, where the training had it so', async () => {
  const path = await written('a.csv', 'size,kind\n1,elm\n')
  expect([...(await readInputs(path, { ...names, unknown: 'zeros' })).x]).toEqual([1, 2])
})
