/**
 * Data sets in folders: the same rows, names and figures as in memory, and a sentence for what is wrong with a folder.
 */
import { mkdir, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Dataset } from '../dataset.js'
import { loadDataset } from '../load.js'
import { arrays, csv, mnist, npy, stored, text, type DataSpec } from '../spec.js'
import { classCountsOf, statisticsOf } from '../statistics.js'
import { npyBytes } from '../testing/numpy-files.js'
import { tempFolder } from '../testing/temp-folder.js'
import { userErrorOf } from '../testing/user-errors.js'
import { prepareDataset } from './prepare.js'
import { RowReader } from './row-reader.js'
import { inMemory } from './stored-fields.js'
import { verifyStored } from './verify.js'

const rows = Array.from({ length: 500 }, (_, i) => [
  i % 7 === 3 ? '' : i / 3,
  ['oak', 'elm', 'ash'][i % 3],
  i % 11,
  i % 4,
])
const table = ['size,kind,count,class', ...rows.map((row) => row.join())].join('\n')
const tableOptions = { target: 'class', classes: true, missing: 'mean' } as const

describe('a prepared data set', () => {
  it('has the fields, names and hash that a table has in memory', async () => {
    const folder = await tempFolder()
    await writeFile(join(folder, 'trees.csv'), table)
    const spec = csv(join(folder, 'trees.csv'), tableOptions)
    const { read, expected, told } = await bothWays(spec, folder)
    expect(read.hash).toBe(expected.hash)
    expect(told).toMatchObject({ hash: expected.hash, numRows: 500, classes: 4, bytes: 500 * 16 })
    const { columns, categories, classNames, missing, target, classes } = read
    expect({ columns, categories, classNames, missing, target, classes }).toEqual({
      columns: ['size', 'kind', 'count'],
      categories: { kind: ['ash', 'elm', 'oak'] },
      classNames: ['0', '1', '2', '3'],
      missing: 'mean',
      target: 'class',
      classes: 4,
    })
    expect(valuesIn(read)).toEqual(valuesIn(expected))
    expect(statisticsOf(read, 'x')).toEqual(statisticsOf(expected, 'x'))
    expect(classCountsOf(read)).toEqual(classCountsOf(expected))
  })

  it('has the rows of tables that are read in several parts', async () => {
    const folder = await tempFolder()
    const lines = Array.from({ length: 7000 }, (_, i) => [1, 2, 3, 4, 5, 6, 7, 8, 9, i % 50].map((at) => i * at).join())
    await writeFile(join(folder, 'long.csv'), ['a,b,c,d,e,f,g,h,i,j', ...lines].join('\n'))
    const { read, expected } = await bothWays(csv(join(folder, 'long.csv'), { target: 'j' }), folder)
    expect(read.hash).toBe(expected.hash)
    await verifyStored(join(folder, 'set of csv'))
  })

  it('has arrays of NumPy and of a program', async () => {
    const folder = await tempFolder()
    const x = Float32Array.from({ length: 60 }, (_, i) => i / 7)
    const label = Uint8Array.from({ length: 20 }, (_, i) => i % 3)
    await writeFile(join(folder, 'x.npy'), npyBytes('<f4', [20, 3], x))
    const spec = npy({ x: join(folder, 'x.npy') })
    expect((await bothWays(spec, folder)).read.fields.train.x?.values).toEqual(x)
    const { read, expected } = await bothWays(
      arrays({ x: { values: x, shape: [3] }, label: { values: label, shape: [] } }),
      folder,
    )
    expect(read.hash).toBe(expected.hash)
    expect(read.classes).toBe(3)
    expect(valuesIn(read)).toEqual(valuesIn(expected))
  })

  it('is left as it is where it has the same rows, and its folder to what it has else', async () => {
    const folder = await tempFolder()
    const [first, other] = [numbers(6), numbers(7)]
    const directory = join(folder, 'set')
    await prepareDataset(first, directory)
    const { mtimeMs } = await stat(join(directory, 'dataset.json'))
    await prepareDataset(first, directory)
    expect((await stat(join(directory, 'dataset.json'))).mtimeMs).toBe(mtimeMs)
    expect(await userErrorOf(() => prepareDataset(other, directory))).toMatch(/set has other rows already: remove it/)
    expect(await userErrorOf(() => prepareDataset(first, folder))).toMatch(/is there and no data set: name another/)
    expect(await userErrorOf(() => prepareDataset(stored(directory), join(folder, 'b')))).toMatch(/prepared already/)
    const texts = text(join(folder, 'a.txt'))
    expect(await userErrorOf(() => prepareDataset(texts, join(folder, 'b')))).toMatch(
      /^a text is cut into windows where/,
    )
    expect(await userErrorOf(() => prepareDataset(mnist(), join(folder, 'b')))).toMatch(
      /^mnist has test rows of its own/,
    )
    expect(await readdir(folder)).toEqual(['set'])
  })

  it('takes away what a process left that was killed an hour ago', async () => {
    const folder = await tempFolder()
    const [old, young, other] = ['.set.17.tmp', '.set.18.tmp', '.set.x.tmp'].map((name) => join(folder, name))
    for (const path of [old, young, other] as string[]) {
      await mkdir(path)
      await writeFile(join(path, 'field-0'), 'a')
      if (path === young) continue
      const then = Date.now() / 1000 - 3700
      await utimes(join(path, 'field-0'), then, then)
      await utimes(path, then, then)
    }
    await prepareDataset({ x: [1, 2] }, join(folder, 'set'))
    expect((await readdir(folder)).toSorted()).toEqual(['.set.18.tmp', '.set.x.tmp', 'set'])
  })

  it('leaves nothing where its rows cannot be read', async () => {
    const folder = await tempFolder()
    await writeFile(join(folder, 'a.csv'), 'a,b\n1,2\n3,x\n')
    const preparing = () => prepareDataset(csv(join(folder, 'a.csv'), { target: 'b' }), join(folder, 'set'))
    expect(await userErrorOf(preparing)).toMatch(/has 'x' in line 3, column 'b', expected a finite number/)
    expect(await readdir(folder)).toEqual(['a.csv'])
  })
})

describe('what is wrong with a folder is told in a sentence', () => {
  it.each<[string, (file: string, manifest: string) => Promise<void>, RegExp]>([
    ['no data set', (_, manifest) => rm(manifest), /dataset\.json is missing, expected a file$/],
    ['no JSON', (_, manifest) => writeFile(manifest, '{'), /dataset\.json is not as it was written: it is no JSON$/],
    ['other rows', (_, manifest) => edited(manifest, '"numRows": 6', '"numRows": 5'), /dataset\.json is not as it was/],
    [
      'another version',
      (_, manifest) => edited(manifest, '"formatVersion": 1', '"formatVersion": 2'),
      /is of format version 2, and this Gradpool reads 1$/,
    ],
    ['a file that is missing', (file) => rm(file), /\.bin is missing, expected a file$/],
    ['a file that is cut short', (file) => truncate(file, 8), /\.bin has 8 bytes, expected 24: it was changed, so/],
  ])('%s', async (_, change, sentence) => {
    const directory = join(await tempFolder(), 'set')
    await prepareDataset(numbers(6), directory)
    await change(await fileIn(directory), join(directory, 'dataset.json'))
    expect(await userErrorOf(() => loadDataset(stored(directory)))).toMatch(sentence)
  })

  it('changed bytes, once they are asked for', async () => {
    const directory = join(await tempFolder(), 'set')
    await prepareDataset(numbers(6), directory)
    await verifyStored(directory)
    const file = await fileIn(directory)
    const bytes = await readFile(file)
    bytes[5] = 77
    await writeFile(file, bytes)
    await loadDataset(stored(directory))
    expect(await userErrorOf(() => verifyStored(directory))).toMatch(/\.bin is not as it was written: prepare/)
  })
})

it('reads rows in any order, near or far, also twice', async () => {
  const path = join(await tempFolder(), 'rows')
  const numRows = 9000
  const values = Int32Array.from({ length: 3 * numRows }, (_, i) => i * 7)
  await writeFile(path, values)
  const reader = new RowReader([{ rowBytes: 12, from: { path, bytes: values.byteLength } }])
  for (const step of [1, 2, 700, 1999, 4001]) {
    const some = Int32Array.from({ length: 50 }, (_, i) => (8999 + i * step) % numRows)
    some[49] = some[3] ?? 0
    const found = new Int32Array(150)
    reader.read(some, [new Uint8Array(found.buffer)])
    expect([...found]).toEqual([...some].flatMap((row) => [...values.subarray(3 * row, 3 * row + 3)]))
  }
  reader.close()
})

it('has rows of a split in memory, renumbered', async () => {
  const directory = join(await tempFolder(), 'set')
  await prepareDataset(numbers(6), directory)
  const { fields } = await loadDataset(stored(directory))
  const { rows: own, fields: some } = inMemory({ fields: fields.train, rows: Int32Array.of(4, 0, 4) })
  expect([...own]).toEqual([0, 1, 2])
  expect([...(some.x?.values ?? [])]).toEqual([4, 0, 4])
})

function numbers(count: number) {
  return arrays({ x: { values: Float32Array.from({ length: count }, (_, i) => i), shape: [] } })
}

async function bothWays(spec: DataSpec, folder: string) {
  const directory = join(folder, `set of ${spec.kind}`)
  const told = await prepareDataset(spec, directory)
  const split = { validation: 0.1, test: 5, splitSeed: 4 }
  const read = await loadDataset(stored(directory, split))
  const expected = await loadDataset({ ...spec, ...split } as DataSpec)
  expect(read.splits.train.rows).toEqual(expected.splits.train.rows)
  expect(read.splits.test?.rows).toEqual(expected.splits.test?.rows)
  return { told, read, expected }
}

function valuesIn({ fields }: Dataset) {
  return Object.entries(fields.train).map(([name, { dtype, shape, values }]) => ({ name, dtype, shape, values }))
}

async function fileIn(directory: string): Promise<string> {
  const [file = ''] = (await readdir(directory)).filter((name) => name.endsWith('.bin'))
  return join(directory, file)
}

async function edited(path: string, from: string, to: string): Promise<void> {
  const text = await readFile(path, 'utf8')
  expect(text).toContain(from)
  await writeFile(path, text.replace(from, to))
}
