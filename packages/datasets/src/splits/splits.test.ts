import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arrays, loadDataset } from '../index.js'
import { splitRows } from './splits.js'
import { userErrorOf } from '../testing/user-errors.js'

const mnistSizes = { labelled: 0.01, validation: 1000, test: 0 }

const rowsTo = (numRows: number) => Int32Array.from({ length: numRows }, (_, row) => row)

const cases = fc.integer({ min: 2, max: 300 }).chain((numRows) =>
  fc.record({
    numRows: fc.constant(numRows),
    validation: fc.integer({ min: 0, max: Math.floor(numRows / 4) }),
    test: fc.integer({ min: 0, max: Math.floor(numRows / 4) }),
    labelled: fc.oneof(fc.constant(1), fc.double({ min: 1 / numRows, max: 0.5, noNaN: true })),
    splitSeed: fc.nat(0xffffffff),
  }),
)

describe('splitRows', () => {
  it('gives each split its size, and no row to two of them', () => {
    fc.assert(
      fc.property(cases, ({ numRows, splitSeed, ...sizes }) => {
        const { train, validation, test } = splitRows(rowsTo(numRows), sizes, { splitBy: 'random', splitSeed })
        const rest = numRows - sizes.validation - sizes.test
        const count = sizes.labelled === 1 ? rest : Math.round(sizes.labelled * numRows)
        expect(train).toHaveLength(count)
        expect(validation).toHaveLength(sizes.validation)
        expect(test).toHaveLength(sizes.test)
        const rows = [...train, ...validation, ...test]
        expect(new Set(rows).size).toBe(rows.length)
        expect(rows.every((row) => row >= 0 && row < numRows)).toBe(true)
      }),
    )
  })

  it('keeps what is held out, and extends the labelled rows, as the fraction grows', () => {
    fc.assert(
      fc.property(cases, ({ numRows, splitSeed, ...sizes }) => {
        const some = splitRows(rowsTo(numRows), sizes, { splitBy: 'random', splitSeed })
        const all = splitRows(rowsTo(numRows), { ...sizes, labelled: 1 }, { splitBy: 'random', splitSeed })
        expect([all.validation, all.test]).toEqual([some.validation, some.test])
        expect(all.train.slice(0, some.train.length)).toEqual(some.train)
        const untested = splitRows(rowsTo(numRows), { ...sizes, validation: 0 }, { splitBy: 'random', splitSeed })
        expect(untested.test).toEqual(some.test)
      }),
    )
  })

  it('gives 600 labels for 1 % of 60,000, always the same ones', () => {
    const { train, validation } = splitRows(rowsTo(60_000), mnistSizes, { splitBy: 'random', splitSeed: 0 })
    expect(train).toHaveLength(600)
    expect(validation).toHaveLength(1000)
    expect([...train.slice(0, 5)]).toEqual([35257, 8008, 15330, 14632, 35945])
    expect([...validation.slice(0, 5)]).toEqual([621, 45220, 17559, 23401, 52435])
    expect(splitRows(rowsTo(60_000), mnistSizes, { splitBy: 'random', splitSeed: 0 }).train).toEqual(train)
  })

  it('takes shares of the rows', () => {
    const sizes = { labelled: 1, validation: 0.1, test: 0.25 }
    const { train, validation, test } = splitRows(rowsTo(50), sizes, { splitBy: 'random', splitSeed: 0 })
    expect([train, validation, test].map(({ length }) => length)).toEqual([32, 5, 13])
  })

  it('depends on its seed', () => {
    const zero = splitRows(rowsTo(60_000), mnistSizes, { splitBy: 'random', splitSeed: 0 })
    const one = splitRows(rowsTo(60_000), mnistSizes, { splitBy: 'random', splitSeed: 1 })
    const common = one.train.filter((row) => zero.train.includes(row))
    expect(common.length).toBeLessThan(30)
  })

  it.each([
    [
      { labelled: 1, validation: 100, test: 0 },
      'Of 100 rows, 100 for validation leave none to train on: hold out fewer',
    ],
    [
      { labelled: 1, validation: 0.5, test: 50 },
      'Of 100 rows, 50 for validation and 50 for test leave none to train on: hold out fewer',
    ],
    [
      { labelled: 1, validation: 0, test: 0.001 },
      'test: 0.001 of 100 rows is none of them, expected a larger share or a number of rows',
    ],
    [{ labelled: 0.001, validation: 0, test: 0 }, 'asks for 0 of 100 training rows'],
    [{ labelled: 0.95, validation: 10, test: 0 }, 'expected at most the 90 that are not'],
  ])('refuses %o of 100 rows', async (sizes, complaint) => {
    expect(await userErrorOf(() => splitRows(rowsTo(100), sizes, { splitBy: 'random', splitSeed: 0 }))).toContain(
      complaint,
    )
  })
})

describe('splitBy', () => {
  const sizes = { labelled: 1, validation: 0.1, test: 0.25 }
  /** One in ten is 2, three are 1. */
  const labels = Int32Array.from({ length: 200 }, (_, row) => (row % 10 === 0 ? 2 : row % 10 < 4 ? 1 : 0))

  it('label has as much of each class in each split', () => {
    for (const splitSeed of [0, 1, 2, 3]) {
      const splits = splitRows(rowsTo(200), sizes, { splitBy: 'label', splitSeed, labels })
      for (const rows of Object.values(splits)) {
        for (const [label, share] of [0.6, 0.3, 0.1].entries()) {
          const count = rows.filter((row) => labels[row] === label).length
          expect(Math.abs(count - share * rows.length)).toBeLessThanOrEqual(1)
        }
      }
      const all = [...splits.train, ...splits.validation, ...splits.test]
      expect(all.toSorted((a, b) => a - b)).toEqual([...rowsTo(200)])
    }
    const [one, other] = [0, 1].map((splitSeed) =>
      splitRows(rowsTo(200), sizes, { splitBy: 'label', splitSeed, labels }),
    )
    expect(one?.test).not.toEqual(other?.test)
  })

  it('order holds out the last rows', () => {
    const { train, validation, test } = splitRows(rowsTo(20), sizes, { splitBy: 'order', splitSeed: 5 })
    expect([...train]).toEqual([...rowsTo(13)])
    expect([...validation, ...test]).toEqual([13, 14, 15, 16, 17, 18, 19])
  })

  it('group has all rows of a group in one split', () => {
    const values = Float64Array.from({ length: 200 }, (_, row) => (row * 7) % 23)
    const key = { column: 'who', values }
    const tests = [0, 1, 2, 3].map((splitSeed) => {
      const { train, validation, test } = splitRows(rowsTo(200), sizes, { splitBy: { group: 'who' }, splitSeed, key })
      const groups = [train, validation, test].map((rows) => new Set(Array.from(rows, (row) => values[row])))
      expect(groups.reduce((sum, { size }) => sum + size, 0)).toBe(23)
      expect([...train, ...validation, ...test].toSorted((a, b) => a - b)).toEqual([...rowsTo(200)])
      // The nearest to what is asked for: groups have 8 or 9 rows.
      expect(Math.abs(test.length - 50)).toBeLessThanOrEqual(5)
      expect(Math.abs(validation.length - 20)).toBeLessThanOrEqual(5)
      return [...test].join()
    })
    expect(new Set(tests).size).toBe(4)
  })

  it('time holds out the latest rows, those of one time together', () => {
    const values = [5, 1, 3, 2, 5, 4, 4, 0, 3, 5]
    const key = { column: 'day', values }
    const of = (count: number) => {
      const order = { splitBy: { time: 'day' }, splitSeed: 7, key }
      const { train, test } = splitRows(rowsTo(10), { labelled: 1, validation: 0, test: count }, order)
      return [[...train], [...test]].map((rows) => rows.map((row) => values[row]))
    }
    expect(of(3)).toEqual([
      [0, 1, 2, 3, 3, 4, 4],
      [5, 5, 5],
    ])
    expect(of(1)).toEqual(of(3))
    expect(of(5)[1]).toEqual([4, 4, 5, 5, 5])
  })

  it('a column needs two values, and one for each row', async () => {
    const x = { values: new Float32Array(20), shape: [] }
    const pair = { values: new Float32Array(40), shape: [2] }
    const same = await userErrorOf(() => loadDataset(arrays({ x }, { splitBy: { group: 'x' }, test: 2 })))
    expect(same).toBe(
      "There are too few different values of 'x' to hold some of them out for test, and to train on others",
    )
    const none = await userErrorOf(() => loadDataset(arrays({ pair }, { splitBy: { time: 'pair' }, test: 2 })))
    expect(none).toBe("arrays has no field 'pair' of one number a row to split by; its fields are 'pair'")
    expect(await userErrorOf(() => arrays({ x }, { splitBy: { group: '' } }))).toBe(
      "arrays.splitBy must be 'random', 'label', 'order', { group } or { time } with the name of a column, not { group: '' }",
    )
  })

  it('labelled rows are a part of those to train on', async () => {
    const x = { values: Float32Array.from({ length: 20 }, (_, i) => i), shape: [] }
    for (const [labelled, count] of [
      [0.25, 5],
      [7, 7],
    ] as const) {
      const { splits } = await loadDataset(arrays({ x }, { labelled, test: 4, validation: 2 }))
      expect([splits.train, splits.all, splits.test].map((split) => split?.rows.length)).toEqual([count, 14, 4])
      expect([...splits.train.rows].every((row) => splits.all.rows.includes(row))).toBe(true)
    }
    const whole = await loadDataset(arrays({ x }, { test: 4 }))
    expect(whole.splits.all).toBe(whole.splits.train)
    expect(await userErrorOf(() => arrays({ x }, { labelled: 0 }))).toMatch(/^arrays.labelled must be a share above 0/)
    expect(await userErrorOf(() => loadDataset(arrays({ x }, { labelled: 17, test: 4 })))).toMatch(
      /^labelled: 17 asks for 17 of 20 training rows, expected at most the 16 that are not held out/,
    )
  })

  it('is of data, and stays where they are split again', async () => {
    const x = { values: Float32Array.from({ length: 20 }, (_, i) => i), shape: [] }
    const label = { values: Int32Array.from({ length: 20 }, (_, i) => Number(i < 10)), shape: [] }
    const late = await loadDataset(arrays({ x }, { splitBy: 'order' }), { test: 5 })
    expect([...(late.splits.test?.rows ?? [])]).toEqual([15, 16, 17, 18, 19])
    const { splits } = await loadDataset(arrays({ x, label }, { splitBy: 'label', test: 10 }))
    expect(Array.from(splits.test?.rows ?? [], (row) => label.values[row] ?? 0).reduce((a, b) => a + b)).toBe(5)
    const complaint = await userErrorOf(() => loadDataset(arrays({ x }, { splitBy: 'label', test: 2 })))
    expect(complaint).toBe("splitBy: 'label' needs the field 'label', one class number for each row")
  })
})
