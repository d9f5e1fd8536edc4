import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { surveyFile } from '../index.js'
import { npyBytes } from '../testing/numpy-files.js'
import { tempFolder } from '../testing/temp-folder.js'
import { userErrorOf } from '../testing/user-errors.js'

async function surveyed(name: string, content: string | Uint8Array) {
  const path = join(await tempFolder(), name)
  await writeFile(path, content)
  return surveyFile(path)
}

test('numbers, texts, missing values and classes', async () => {
  const { rows, columns } = await surveyed('a.csv', 'size,city,y\n1,Oslo,NA\n3,Bonn,\n5,Oslo,1e39\n')
  expect(rows).toBe(3)
  expect(columns).toEqual([
    {
      name: 'size',
      type: 'number',
      shape: [],
      missing: 0,
      infinite: 0,
      range: { least: 1, most: 5, mean: 3, deviation: Math.sqrt(8 / 3) },
      distinct: 3,
      values: ['1', '3', '5'].map((value) => ({ value, rows: 1 })),
    },
    {
      name: 'city',
      type: 'text',
      shape: [],
      missing: 0,
      infinite: 0,
      distinct: 2,
      values: [
        { value: 'Oslo', rows: 2 },
        { value: 'Bonn', rows: 1 },
      ],
    },
    {
      name: 'y',
      type: 'number',
      shape: [],
      missing: 2,
      infinite: 1,
      distinct: 1,
      values: [{ value: '1e39', rows: 1 }],
    },
  ])
})

test('many values are counted up to a limit', async () => {
  const some = await surveyed('a.tsv', `a\n${Array.from({ length: 1000 }, (_, i) => i).join('\n')}`)
  expect(some.columns[0]).toMatchObject({ distinct: 1000 })
  expect(some.columns[0]).not.toHaveProperty('values')
  const more = await surveyed('a.jsonl', Array.from({ length: 1001 }, (_, i) => `{"a":${i}}`).join('\n'))
  expect(more.columns[0]).not.toHaveProperty('distinct')
})

test('arrays of NumPy', async () => {
  const survey = await surveyed('a.npy', npyBytes('<f4', [2, 3], Float32Array.of(1, 2, 3, 4, NaN, Infinity)))
  expect(survey.rows).toBe(2)
  expect(survey.columns[0]).toMatchObject({ shape: [3], missing: 1, infinite: 1, range: { least: 1, most: 4 } })
})

test.each([
  [
    'a.xyz',
    'a\n1\n',
    /a.xyz is none of the files that are known by their ending: .csv, .tsv, .jsonl, .parquet, .npy, .npz, .safetensors and .txt$/,
  ],
  ['a.csv', '', /a.csv is empty, expected rows$/],
  ['a.npz', 'a', /is not a whole .npz file/],
])('%s is refused', async (name, content, message) => {
  await expect(userErrorOf(() => surveyed(name, content))).resolves.toMatch(message)
})
