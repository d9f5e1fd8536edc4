import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arrays, loadDataset } from './index.js'
import { splitRows } from './splits.js'
import { userErrorOf } from './testing/user-errors.js'

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
