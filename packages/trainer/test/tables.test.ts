/** The same rows train the same weights, whatever file they come from; and a saved model takes rows as they are. */
import { adam } from '@gradpool/core'
import { csv, jsonl, npy, tsv, type DataInput } from '@gradpool/datasets'
import { regress } from '@gradpool/models'
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

test('the training rows alone scale the model', async () => {
  const more = { x: { values: [1e6, 1e6], shape: [2] }, y: { values: [1e9], shape: [] } }
  const held = await fit(regress({ hidden: [8] }), { ...training, data: sources.csv ?? {}, test: more, workers: 1 })
  const without = await fit(regress({ hidden: [8] }), { ...training, data: sources.csv ?? {}, test: 0, workers: 1 })
  expect(held.weightsHash).toBe(without.weightsHash)
})
