import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { arrays, csv, loadDataset, prepareDataset, splitReport, stored } from '../index.js'
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

  describe('of data in a folder', () => {
    const label = { values: Uint8Array.from({ length: 300 }, (_, i) => i % 2), shape: [] }
    /** Of 300 rows 40 come again at the end, and 10 of these once more. */
    const repeated = [...upTo(250), ...upTo(40), ...upTo(10)]
    const pairs = { values: repeated.flatMap((row) => [row, -row]), shape: [2] }
    const fields = { x: pairs, label: { ...label, values: Uint8Array.from(repeated, (row) => row % 2) } }
    const folderOf = async (given: Parameters<typeof arrays>[0]) => {
      const folder = join(await tempFolder(), 'rows')
      await prepareDataset(arrays(given), folder)
      return folder
    }

    test.each([
      { splitBy: 'order', validation: 40, test: 10 },
      { splitBy: 'order', test: 50 },
      { validation: 0.3, test: 0.3, splitSeed: 5 },
      { test: 0.5, labelled: 20 },
    ] as const)('are those that the same rows have in memory: %j', async (split) => {
      const { leaks } = await reportOf(stored(await folderOf(fields), split))
      expect(leaks).toEqual((await reportOf(arrays(fields, { ...split, name: 'rows' }))).leaks)
      expect(leaks.length).toBeGreaterThan(0)
    })

    test('are found beside data of their own in memory or in another folder', async () => {
      const own = { x: { values: [3, -3, 900, 900], shape: [2] }, label: Uint8Array.of(1, 0) }
      const expected = ['1 of 2 test rows of rows are training rows, too: 0 is 3']
      const folder = await folderOf(fields)
      expect((await reportOf(stored(folder), { test: own })).leaks).toEqual(expected)
      expect((await reportOf(stored(folder), { test: stored(await folderOf(own)) })).leaks).toEqual(expected)
      // A field that the training has not does not count.
      const more = await folderOf({ ...own, more: [1, 2] })
      expect((await reportOf(stored(folder), { test: stored(more) })).leaks).toEqual(expected)
      expect((await reportOf(arrays(fields, { name: 'rows' }), { test: stored(more) })).leaks).toEqual(expected)
    })

    test('are none where rows differ in one field, or in the order of their numbers', async () => {
      const { x } = fields
      const swapped = { values: repeated.flatMap((row, at) => (at < 250 ? [row, -row] : [-row, row])), shape: [2] }
      const split = { splitBy: 'order', test: 50 } as const
      expect((await reportOf(stored(await folderOf({ x: swapped }), split))).leaks).toEqual([])
      const numbered = { x, label: Int32Array.from(repeated, (_, row) => row) }
      expect((await reportOf(stored(await folderOf(numbered), split))).leaks).toEqual([])
    })

    test('are told of many alike', async () => {
      const alike = { x: { values: new Float32Array(200_000), shape: [] } }
      const { leaks } = await reportOf(stored(await folderOf(alike), { splitBy: 'order', test: 100_000 }))
      expect(leaks).toEqual([
        '100,000 of 100,000 test rows of rows are training rows, too: 100000 is 0, 100001 is 0, 100002 is 0, …',
      ])
    })

    test('are groups in common', async () => {
      const of = (values: number[], who: number[]) => folderOf({ x: x(values), who: Int32Array.from(who) })
      const options = { splitBy: { group: 'who' } } as const
      const train = stored(await of([1, 2, 3], [7, 8, 9]), options)
      const report = await reportOf(train, { test: stored(await of([4, 5], [9, 3])) })
      expect(report.leaks).toEqual(["1 group of 'who' in rows are in training and in test: '9'"])
    })
  })
})
