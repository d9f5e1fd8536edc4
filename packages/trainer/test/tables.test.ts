/** The same rows train the same weights, whatever file they come from; and a saved model takes rows as they are. */
import { adam, type Batch, defineModel, reshape } from '@gradpool/core'
import { arrays, csv, jsonl, npy, tsv, type DataInput } from '@gradpool/datasets'
import { classify, dense, meanSquaredError, regress } from '@gradpool/models'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { fit, loadModel } from '../src/index.js'

const folder = mkdtempSync(join(tmpdir(), 'gradpool-tables-'))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

const rows = Array.from({ length: 90 }, (_, i): [number, number, number] => {
  const [size, year] = [50 + 30 * Math.sin(1.7 * i), 2000 + ((7 * i) % 23)]
  return [size, year, 3 * size + 20 * (year - 2010) + 1000]
})
const x = Float32Array.from(rows.flatMap(([size, year]) => [size, year]))
const y = Float32Array.from(rows, ([, , price]) => price)
const names = ['size', 'year', 'price']

function written(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

function delimited(delimiter: string): string {
  return [names, ...rows].map((row) => row.join(delimiter)).join('\n')
}

function npyFile(shape: readonly number[], values: Float32Array): Uint8Array {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join()},), }`.padEnd(117)
  const start = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, 118, 0])
  return Buffer.concat([start, Buffer.from(`${header}\n`), new Uint8Array(values.buffer)])
}

const [xFile, yFile] = [npyFile([90, 2], x), npyFile([90], y)]
const objects = rows.map(([size, year, price]) => JSON.stringify({ price, size, year })).join('\n')
const target = { target: 'price' }
const sources: Readonly<Record<string, DataInput>> = {
  arrays: { x: { values: x, shape: [2] }, y: { values: y, shape: [] } },
  csv: csv(written('a.csv', delimited(',')), target),
  'csv, compressed': csv(written('a.csv.gz', gzipSync(delimited(','))), target),
  'csv with quotes': csv(written('q.csv', delimited(',').replaceAll(/[\w.]+/g, '"$&"')), target),
  tsv: tsv(written('a.tsv', delimited('\t')), target),
  jsonl: jsonl(written('a.jsonl', objects), target),
  npy: npy({ x: written('x.npy', xFile), y: written('y.npy', yFile) }),
}
const training = {
  validation: 0.1,
  test: 0.2,
  optimizer: adam(0.01),
  batchSize: 8,
  epochs: 40,
  progress: false,
} as const
const trained = (data: DataInput, workers = 1) => fit(regress({ hidden: [8] }), { data, ...training, workers })
const first = trained(sources.arrays ?? {})

test.each(Object.entries(sources))('rows from %s', async (name, data) => {
  const { weightsHash, history } = await trained(data, name === 'csv' ? 2 : 1)
  const expected = await first
  expect(weightsHash).toBe(expected.weightsHash)
  expect(history.at(-1)?.validation).toEqual(expected.history.at(-1)?.validation)
})

test('are learnt in their own units, and the saved model predicts in them', async () => {
  const fitted = await first
  const { loss, r2, mae, rmse } = await fitted.evaluate()
  expect(r2).toBeGreaterThan(0.9)
  expect(mae).toBeLessThanOrEqual(rmse)
  // The loss is of the scaled target.
  const deviation = rmse / Math.sqrt(loss)
  expect(deviation).toBeGreaterThan(50)
  const saved = await loadModel(fitted.toBytes(), { inputs: ['x'], outputs: ['estimate'] })
  const house = { x: Float32Array.of(60, 2012) }
  const { estimate } = await saved.predict(house)
  expect(estimate).toEqual((await fitted.predict(house)).estimate)
  expect(Math.abs((estimate[0] ?? NaN) - 1220)).toBeLessThan(100)
})

const kinds = ['oak', 'ash', 'elm']
const trees = rows.map(([size, year, price], i) => {
  const kind = kinds[(5 * i + (i >> 3)) % 3] ?? ''
  const more = 100 * kinds.indexOf(kind)
  return [i % 9 === 4 ? undefined : size, i % 7 === 3 ? undefined : kind, year, price + more] as const
})
const treeNames = ['size', 'kind', 'year', 'price']
const treeTable = (delimiter: string) =>
  [treeNames, ...trees].map((row) => row.map((cell) => cell ?? '').join(delimiter)).join('\n')
const treeLines = trees
  .map((row) => JSON.stringify(Object.fromEntries(row.map((cell, at) => [treeNames[at] ?? '', cell]))))
  .join('\n')
const treeOptions = { target: 'price', missing: 'mean', unknown: 'zeros' } as const
const treeFile = written('trees.csv', treeTable(','))
const treesFrom = csv(treeFile, treeOptions)
const firstTrees = trained(treesFrom)

const treeNumbers = Float32Array.from(
  trees.flatMap(([size, kind, year]) => [size ?? NaN, kind === undefined ? NaN : kinds.toSorted().indexOf(kind), year]),
)
const arrayNames = {
  columns: ['size', 'kind', 'year'],
  categories: { kind: ['ash', 'elm', 'oak'] },
  missing: 'mean',
  unknown: 'zeros',
} as const
const treePrices = Float32Array.from(trees, ([, , , price]) => price)

test.each([
  ['arrays', arrays({ x: { values: treeNumbers, shape: [3] }, y: { values: treePrices, shape: [] } }, arrayNames)],
  [
    'npy',
    npy(
      { x: written('tx.npy', npyFile([90, 3], treeNumbers)), y: written('ty.npy', npyFile([90], treePrices)) },
      arrayNames,
    ),
  ],
  ['tsv', tsv(written('trees.tsv', treeTable('\t')), treeOptions)],
  ['jsonl', jsonl(written('trees.jsonl', treeLines), { ...treeOptions, columns: ['size', 'kind', 'year'] })],
  ['csv on two workers', treesFrom],
])('categories and missing values from %s', async (name, data) => {
  const { weightsHash } = await trained(data, name === 'csv on two workers' ? 2 : 1)
  expect(weightsHash).toBe((await firstTrees).weightsHash)
})

test('a saved model takes categories and missing values, and files by its own names', async () => {
  const fitted = await firstTrees
  const saved = await loadModel(fitted.toBytes(), { inputs: ['x'], outputs: ['estimate'] })
  expect([saved.columns, saved.categories]).toEqual([['size', 'kind', 'year'], { kind: ['ash', 'elm', 'oak'] }])
  expect([fitted.columns, fitted.categories]).toEqual([saved.columns, saved.categories])
  const house = { x: [NaN, 1, 2005, 60, NaN, 2005, 60, 3, 2005] }
  const { estimate } = await saved.predict(house)
  expect(estimate.every(Number.isFinite)).toBe(true)
  expect(estimate).toEqual((await fitted.predict(house)).estimate)
  const byName = [
    { kind: 'elm', year: 2005 },
    { year: 2005, size: 60, kind: null },
    { size: 60, kind: 'fir', year: 2005 },
  ]
  expect(await saved.predict(saved.rows(byName))).toEqual({ estimate })
  expect(fitted.rows(byName)).toEqual(saved.rows(byName))
  // Elms are number 1, even where a file has nothing else.
  const elms = trees.filter(([, kind]) => kind === 'elm').map((row) => row.map((cell) => cell ?? '').join())
  const some = csv(written('elms.csv', [treeNames.join(), ...elms].join('\n')))
  const named = csv(written('all.csv', treeTable(',')), { ...treeOptions, categories: { kind: ['ash', 'elm', 'oak'] } })
  const all = await fitted.evaluate(named)
  const { r2, mae } = await fitted.evaluate(some)
  expect(all.r2).toBeGreaterThan(0.85)
  expect(r2).toBeGreaterThan(0.8)
  expect(await saved.evaluate(some)).toMatchObject({ r2, mae })
  const further = await saved.fit({ data: some, epochs: 1, progress: false, workers: 1 })
  expect(further.categories).toEqual(saved.categories)
})

test('statistics of missing values are of the training rows alone', async () => {
  const size = (i: number) => (i % 5 === 0 ? '' : String(i < 20 ? 10 + (i % 3) : 1000))
  const table = ['a,y', ...Array.from({ length: 40 }, (_, i) => `${size(i)},${i % 20}`)].join('\n')
  const late = csv(written('late.csv', table), { target: 'y', missing: 'median', splitBy: 'order', test: 20 })
  const early = csv(written('early.csv', table.split('\n').slice(0, 21).join('\n')), { target: 'y', missing: 'median' })
  const hashes = await Promise.all(
    [late, early].map(async (data) => {
      const { weightsHash } = await fit(regress({ hidden: [4] }), { data, epochs: 3, progress: false, workers: 1 })
      return weightsHash
    }),
  )
  expect(hashes[0]).toBe(hashes[1])
})

test('a model of its own that does not replace missing values is refused', async () => {
  const own = defineModel({
    params: { network: dense(3, 1) },
    step: ({ network }, { x, y }: Batch<'x' | 'y'>) => ({ loss: meanSquaredError(reshape(network(x), [3]), y) }),
  })
  const table = 'a,b,c,y\n1,2,3,4\n2,,4,5\n3,4,5,6\n'
  const data = csv(written('missing.csv', table), { target: 'y', missing: 'mean' })
  await expect(fit(own, { data, progress: false, workers: 1 })).rejects.toThrow(
    "the field 'x' has missing values (1 of 9 in that step), which this model does not replace: give it `impute`",
  )
})

test('classes have their names in the fitted and the saved model', async () => {
  const table = ['a,kind', ...Array.from({ length: 30 }, (_, i) => `${i},${i < 15 ? 'rose' : 'aster'}`)].join('\n')
  const data = csv(written('flowers.csv', table), { target: 'kind' })
  const fitted = await fit(classify({ hidden: [4], field: 'x' }), { data, epochs: 2, progress: false, workers: 1 })
  expect(fitted.classNames).toEqual(['aster', 'rose'])
  expect((await loadModel(fitted.toBytes())).classNames).toEqual(['aster', 'rose'])
})

test('the training rows alone scale the model', async () => {
  const more = { x: { values: [1e6, 1e6], shape: [2] }, y: { values: [1e9], shape: [] } }
  const held = await fit(regress({ hidden: [8] }), { ...training, data: sources.csv ?? {}, test: more, workers: 1 })
  const without = await fit(regress({ hidden: [8] }), { ...training, data: sources.csv ?? {}, test: 0, workers: 1 })
  expect(held.weightsHash).toBe(without.weightsHash)
})
