/**
 * Preparations against scikit-learn: tools/oracles/preparation_sklearn.json has the table and its figures, in float64.
 */
import { readFileSync } from 'node:fs'
import type { Tensor } from '@gradpool/core'
import { describe, expect, test } from 'vitest'
import { clip, impute, logScale, minMax, oneHotCategories, standardize } from '../index.js'
import { compute } from '../testing/compute.js'

type Rows = readonly (readonly (number | null)[])[]

interface Oracle {
  readonly numbers: Rows
  readonly kinds: readonly string[]
  readonly expected: Readonly<
    Record<'mean' | 'median' | 'mostFrequent' | 'deviation' | 'least' | 'most', readonly number[]>
  > &
    Readonly<Record<'standardized' | 'minMax' | 'log1p' | 'oneHot', Rows>> & {
      readonly imputed: Readonly<Record<'mean' | 'median' | 'mostFrequent', Rows>>
      readonly categories: readonly string[]
    }
}

const oracleFile = new URL('../../../../tools/oracles/preparation_sklearn.json', import.meta.url)
const { numbers, kinds, expected } = JSON.parse(readFileSync(oracleFile, 'utf8')) as Oracle
const statistics = { ...expected, shape: [3] }
const flat = (rows: Rows) => rows.flat().map((value) => value ?? NaN)
const applied = (prepare: (x: Tensor) => Tensor, values = flat(numbers), width = 3) =>
  compute([{ shape: [values.length / width, width], values }], (x) => prepare(x))

function expectClose(found: readonly number[], rows: readonly number[]) {
  expect(found).toHaveLength(rows.length)
  rows.forEach((value, at) => {
    expect(Math.abs((found[at] ?? NaN) - value)).toBeLessThan(1e-5 * (1 + Math.abs(value)))
  })
}

test.each(['mean', 'median', 'mostFrequent'] as const)('missing numbers become the %s', (by) => {
  expectClose(applied(impute(statistics, by).apply), flat(expected.imputed[by]))
})

describe.each([
  ['standardize', standardize(statistics), 'standardized'],
  ['minMax', minMax(statistics), 'minMax'],
  ['logScale', logScale(statistics), 'log1p'],
] as const)('%s', (name, scaler, rows) => {
  test('is that of scikit-learn', () => {
    expectClose(
      applied((x) => scaler.apply(impute(statistics, 'mean').apply(x))),
      flat(expected[rows]),
    )
  })

  test('goes back', () => {
    const imputed = flat(expected.imputed.mean)
    expectClose(
      applied((x) => scaler.invert(scaler.apply(x)), imputed),
      imputed,
    )
  })

  test('is for the shape of its statistics', () => {
    expect(() => applied(scaler.apply, [1, 2], 2)).toThrow(`${name} is for examples of [3], not of [2]`)
  })
})

test('clip holds numbers between those of the training rows', () => {
  const { least, most } = expected
  const beyond = [least, most].flatMap((row, at) => row.map((value) => value + (at === 0 ? -1 : 1)))
  expect(applied(clip(statistics).apply, beyond)).toEqual([...least, ...most])
  expect(applied(clip(statistics).apply, [...least])).toEqual([...least])
})

test('logScale is not for -1', () => {
  expect(() => logScale({ shape: [2], least: [0, -1] })).toThrow(
    /^logScale is for numbers above -1, and the training rows have -1$/,
  )
})

test('what is always the same becomes 0', () => {
  const same = { shape: [], least: [7], most: [7] }
  expect(compute([{ shape: [2], values: [7, 8] }], (x) => minMax(same).apply(x))).toEqual([0, 1])
})

describe('oneHotCategories', () => {
  test('is that of scikit-learn, with zeros for what is unknown', () => {
    const { apply, width } = oneHotCategories({ columns: ['kind'], categories: { kind: expected.categories } })
    const found = kinds.map((kind) => expected.categories.indexOf(kind)).map((at) => (at < 0 ? 3 : at))
    expect(width).toBe(3)
    expect(applied(apply, found, 1)).toEqual(flat(expected.oneHot))
  })

  test('leaves other columns in their places', () => {
    const names = { columns: ['a', 'b', 'k', 'l', 'c'], categories: { l: ['x'], k: ['x', 'y'] } }
    const { apply, width } = oneHotCategories(names)
    expect(width).toBe(6)
    expect(applied(apply, [7, 8, 1, 0, 9, 5, 6, NaN, 1, 4], 5)).toEqual([7, 8, 0, 1, 1, 9, 5, 6, 0, 0, 0, 4])
    expect(applied(oneHotCategories({ columns: ['a'] }).apply, [1, 2], 1)).toEqual([1, 2])
    expect(() => oneHotCategories({ columns: ['a'], categories: { b: ['x'] } })).toThrow(/has no column 'b'/)
  })
})
