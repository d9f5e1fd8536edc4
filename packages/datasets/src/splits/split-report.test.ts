import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { arrays, csv, loadDataset, splitReport } from '../index.js'
import { tempFolder } from '../testing/temp-folder.js'

const x = (values: readonly number[], size = 1) => ({ values, shape: size === 1 ? [] : [size] })
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

async function reportOf(...given: Parameters<typeof loadDataset>) {
  const report = splitReport(await loadDataset(...given))
  if (report === undefined) throw new Error('these are rows')
  return report
}

async function table(rows: readonly string[], header = 'a,who'): Promise<string> {
  const path = join(await tempFolder(), 'table.csv')
  await writeFile(path, [header, ...rows].join('\n'))
  return path
}

describe('counts', () => {
  test.each([
    [{}, 'arrays: 1,100 rows to train on'],
    [{ test: 0.1 }, 'arrays: 990 rows to train on, 110 for test (at random, seed 0)'],
    [
      { test: 100, validation: 200, labelled: 40, splitSeed: 3 },
      'arrays: 800 rows to train on, 40 of them with labels, 200 for validation, 100 for test (at random, seed 3)',
    ],
    [{ test: 100, splitBy: 'order' }, 'arrays: 1,000 rows to train on, 100 for test (the last rows)'],
    [{ test: 100, splitBy: { time: 'x' } }, "arrays: 1,000 rows to train on, 100 for test (the latest by 'x')"],
    [{ test: 100, splitBy: { group: 'x' } }, "arrays: 1,000 rows to train on, 100 for test (by 'x', seed 0)"],
  ] as const)('of %j', async (options, line) => {
    await expect(reportOf(arrays({ x: x(upTo(1100)) }, options))).resolves.toEqual({ counts: line, leaks: [] })
  })
})

describe('leaks', () => {
  test('are rows that are the same in all fields', async () => {
    const fields = { x: x([1, 2, 3, 4, 1, 2, 9, 9], 2), label: { values: Uint8Array.of(0, 1, 0, 1), shape: [] } }
    const spec = arrays(fields, { splitBy: 'order', test: 1, validation: 1, name: 'pairs' })
    // Row 2 is row 0; row 3 has another.
    expect((await reportOf(spec)).leaks).toEqual(['1 of 1 validation row of pairs are training rows, too: 2 is 0'])
    const other = { ...fields, label: { values: Uint8Array.of(0, 1, 1, 1), shape: [] } }
    expect((await reportOf(arrays(other, { splitBy: 'order', test: 1, validation: 1 }))).leaks).toEqual([])
  })

  test('are counted, and the first are named', async () => {
    const values = [...upTo(500), ...upTo(500), ...upTo(100)]
    const { leaks } = await reportOf(arrays({ x: x(values) }, { splitBy: 'order', validation: 500, test: 100 }))
    expect(leaks).toEqual([
      '500 of 500 validation rows of arrays are training rows, too: 500 is 0, 501 is 1, 502 is 2, …',
      '100 of 100 test rows of arrays are training rows, too: 1000 is 0, 1001 is 1, 1002 is 2, …',
    ])
  })

  test('are those of validation and test, and of data of their own, too', async () => {
    const own = { x: x([7, 8, 3]) }
    const { leaks } = await reportOf(arrays({ x: x([1, 2, 3, 4]) }), { validation: own, test: own })
    expect(leaks).toEqual([
      '1 of 3 validation rows of arrays are training rows, too: 2 is 2',
      '2 of 3 test rows of arrays are validation rows, too: 0 is 0, 1 is 1',
      '1 of 3 test rows of arrays are training rows, too: 2 is 2',
    ])
  })

  test('are found among as many rows as there are', async () => {
    const values = Float32Array.from({ length: 200_000 }, (_, i) => i % 199_999)
    const { leaks } = await reportOf(arrays({ x: { values, shape: [] } }, { splitBy: 'order', test: 1 }))
    expect(leaks).toEqual(['1 of 1 test row of arrays are training rows, too: 199999 is 0'])
  })

  test('are groups that a file of its own has in common with the training', async () => {
    const options = { splitBy: { group: 'who' }, columns: ['a'] } as const
    const train = csv(await table(['1,ann', '2,bob', '3,cid']), options)
    const own = csv(await table(['4,bob', '5,dan', '6,ann']))
    expect((await reportOf(train, { test: own })).leaks).toEqual([
      "2 groups of 'who' in table.csv are in training and in test: 'bob', 'ann'",
    ])
    const others = csv(await table(['4,eve', '5,dan']))
    expect((await reportOf(train, { test: others })).leaks).toEqual([])
  })
})
