import { describe, expect, test } from 'vitest'
import { arrays, classCountsOf, csv, loadDataset, parseDataSpec } from '../index.js'
import { oversampled } from './oversample.js'

const label = { values: new Uint8Array([0, 1, 0, 0, 2, 0, 1, 0, 0, 0, 1, 2]), shape: [] }
const x = { values: Float32Array.from({ length: 12 }, (_, i) => i), shape: [] }

const sorted = (rows: Iterable<number>) => [...rows].sort((a, b) => a - b)
const ofClass = (rows: Int32Array, own: number) => sorted(rows.filter((row) => label.values[row] === own))

describe('oversampling', () => {
  test('repeats the rows of rare classes, as a whole and then in part', () => {
    const rows = Int32Array.from({ length: 12 }, (_, i) => i)
    const all = oversampled(rows, label.values, 3)
    expect(all.slice(0, 12)).toEqual(rows)
    expect(all).toHaveLength(21)
    expect(ofClass(all, 0)).toEqual([0, 2, 3, 5, 7, 8, 9])
    const ones = ofClass(all, 1)
    expect(ones).toHaveLength(7)
    // Of three rows, seven: each twice, one of them three times.
    expect([1, 6, 10].map((row) => ones.filter((each) => each === row).length).sort()).toEqual([2, 2, 3])
    expect([4, 11].map((row) => ofClass(all, 2).filter((each) => each === row).length).sort()).toEqual([3, 4])
  })

  test('is the same by the same seed, and of balanced rows nothing', () => {
    const rows = Int32Array.from({ length: 12 }, (_, i) => i)
    expect(oversampled(rows, label.values, 3)).toEqual(oversampled(rows, label.values, 3))
    const seeds = Array.from({ length: 8 }, (_, seed) => oversampled(rows, label.values, seed).join())
    expect(new Set(seeds).size).toBeGreaterThan(1)
    expect(oversampled(Int32Array.of(0, 1, 4), label.values, 3)).toEqual(Int32Array.of(0, 1, 4))
  })

  test('of data is of the training rows alone', async () => {
    const options = { test: 4, validation: 2, splitBy: 'label' } as const
    const plain = await loadDataset(arrays({ x, label }, options))
    const even = await loadDataset(arrays({ x, label }, { ...options, balance: 'oversample' }))
    expect(even.splits.test).toEqual(plain.splits.test)
    expect(even.splits.validation).toEqual(plain.splits.validation)
    expect(even.splits.all).toEqual(plain.splits.all)
    expect(new Set(even.splits.train.rows)).toEqual(new Set(plain.splits.train.rows))
    expect(classCountsOf(plain)).toEqual([4, 1, 1])
    expect(classCountsOf(even)).toEqual([4, 4, 4])
    expect(even.hash).toBe(plain.hash)
  })

  test('is a part of the spec where it is given, by way of JSON too', () => {
    const spec = csv('a.csv', { balance: 'oversample' })
    expect(spec).toMatchObject({ balance: 'oversample' })
    expect(parseDataSpec(JSON.parse(JSON.stringify(spec)))).toEqual(spec)
    expect(csv('a.csv')).not.toHaveProperty('balance')
    expect(JSON.stringify(arrays({ x }, { balance: 'oversample' }))).toContain('"balance":"oversample"')
    expect(() => parseDataSpec({ kind: 'csv', path: 'a.csv', balance: 'undersample' })).toThrow(
      "data.balance must be 'oversample', or left out, not 'undersample'",
    )
  })

  test('needs labels', async () => {
    await expect(loadDataset(arrays({ x }, { balance: 'oversample' }))).rejects.toThrow(
      "balance: 'oversample' needs the field 'label', one class number for each row",
    )
    await expect(loadDataset(arrays({ x })).then(classCountsOf)).rejects.toThrow("has no field 'label'")
  })

  test('counts of one-hot labels are their sums', async () => {
    const oneHot = { values: new Float32Array([0, 1, 1, 0, 0, 1]), shape: [2] }
    expect(classCountsOf(await loadDataset(arrays({ label: oneHot })))).toEqual([1, 2])
  })
})
