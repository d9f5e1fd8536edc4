import { describe, expect, it, vi } from 'vitest'
import { expectImages, type Dataset } from './dataset.js'
import type { FieldInput, NestedNumbers } from './fields.js'
import { loadDataset } from './load.js'
import { arrays, idxFolder, parseData, parseDataSpec } from './spec.js'
import { tinyFolder } from './testing/tiny-folder.js'
import { userErrorOf } from './testing/user-errors.js'

const x = { values: Float32Array.from({ length: 40 }, (_, i) => i / 8), shape: [2, 2] }
const y = { values: Int32Array.from({ length: 10 }, (_, i) => i % 3), shape: [] }

describe('plain fields', () => {
  it('become data of any names and shapes, all rows of which are trained on', async () => {
    const { name, fields, splits } = await loadDataset({ x, y })
    expect(name).toBe('arrays')
    expect(fields.train.x).toMatchObject({ dtype: 'f32', shape: [2, 2], values: x.values })
    expect(fields.train.y).toMatchObject({ dtype: 'i32', shape: [], values: y.values })
    expect(Object.keys(fields)).toEqual(['train'])
    expect(Object.keys(splits)).toEqual(['all', 'train'])
    expect([...splits.train.rows]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(splits.all).toEqual(splits.train)
  })

  it('become f32 where they are lists or f64', async () => {
    const { fields } = await loadDataset({
      list: { values: [1, 0.1, -3], shape: [] },
      double: { values: Float64Array.of(1, 0.1, -3), shape: [] },
      bytes: { values: Uint8Array.of(1, 2, 3), shape: [] },
    })
    const expected = { dtype: 'f32', values: Float32Array.of(1, 0.1, -3) }
    expect(fields.train).toMatchObject({
      list: expected,
      double: expected,
      bytes: { dtype: 'u8', values: Uint8Array.of(1, 2, 3) },
    })
  })

  it('may be lists of their rows', async () => {
    const { fields } = await loadDataset({
      x: [
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
        [
          [7, 8],
          [9, 10],
          [11, 12],
        ],
      ],
      y: Float64Array.of(0.1, 2),
      kind: [[1], [2]],
    })
    const values = Float32Array.from({ length: 12 }, (_, i) => i + 1)
    expect(fields.train).toEqual({
      x: { dtype: 'f32', shape: [3, 2], values },
      y: { dtype: 'f32', shape: [], values: Float32Array.of(0.1, 2) },
      kind: { dtype: 'f32', shape: [1], values: Float32Array.of(1, 2) },
    })
    const endless: NestedNumbers[] = []
    endless.push(endless)
    const wrong: [unknown, RegExp][] = [
      [{ x: [] }, /^data\.x is empty: it has no values$/],
      [{ x: [[1, 2], [3]] }, /^data\.x has another shape in row 1 than \[2\], that of the first row$/],
      [{ x: [[1, 2], 3] }, /^data\.x has another shape in row 1/],
      [{ x: [1, [2]] }, /^data\.x has another shape in row 1 than \[\], that of the first row$/],
      [{ x: [[1, 'a']] }, /^data\.x has 'a' in row 0, expected numbers only$/],
      [{ x: [[[]]] }, /^data\.x\.shape must be the shape of one example/],
      [{ x: endless }, /^data\.x has lists in more than 16 others$/],
    ]
    for (const [data, message] of wrong) expect(await userErrorOf(() => parseData(data))).toMatch(message)
  })

  it('go into allocated memory once, and stay where threads can share them', async () => {
    const allocate = vi.fn((numBytes: number) => new Uint8Array(64).subarray(0, numBytes))
    const shared = new Float32Array(new SharedArrayBuffer(12))
    const { fields } = await loadDataset(
      {
        shared: { values: shared, shape: [] },
        list: { values: [1, 2, 3], shape: [] },
        own: { values: Float32Array.of(1, 2, 3), shape: [] },
      },
      { allocate },
    )
    expect(fields.train.shared?.values).toBe(shared)
    expect(fields.train.list?.values.buffer).toBeInstanceOf(SharedArrayBuffer)
    expect(allocate.mock.calls).toEqual([[12]])
    expect(fields.train.own?.values.byteLength).toBe(12)
    expect(fields.train.own?.values.buffer.byteLength).toBe(64)
  })

  it('hold out shares, numbers of rows, in the order in which they were given', async () => {
    const { splits, fields } = await loadDataset(arrays({ x, y }, { validation: 0.2, test: 3 }))
    const { train, validation, test } = splits
    const parts = [train, validation, test].map((split) => [...(split?.rows ?? [])])
    expect(parts.map(({ length }) => length)).toEqual([5, 2, 3])
    for (const rows of parts) expect(rows).toEqual(rows.toSorted((a, b) => a - b))
    expect(parts.flat().sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(splits.all).toEqual(train)
    expect(test?.fields).toBe(fields.train)
    expect(fields.test).toBe(fields.train)
    const other = await loadDataset(arrays({ x, y }, { test: 3, splitSeed: 1 }))
    expect(other.splits.test?.rows).not.toEqual(test?.rows)
    const again = await loadDataset({ x, y }, { validation: 2, test: 0.3 })
    expect(again.splits).toEqual(splits)
  })

  it('take data of their own to hold out', async () => {
    const few = {
      x: { ...x, values: x.values.slice(0, 12) },
      y: { ...y, values: y.values.slice(7) },
    }
    const own = await loadDataset(arrays({ x, y }, { test: few }), {
      validation: await loadDataset(few),
    })
    expect(own.splits.train.rows).toHaveLength(10)
    for (const split of [own.splits.validation, own.splits.test]) {
      expect([...(split?.rows ?? [])]).toEqual([0, 1, 2])
      expect(split?.fields.y?.values).toEqual(few.y.values)
    }
    expect(own.fields.test).toBe(own.splits.test?.fields)
    expect(own.hash).not.toBe((await loadDataset({ x, y })).hash)
  })

  it('know classes and images by what is in them', async () => {
    const image = { values: new Uint8Array(24), shape: [2, 3, 1] }
    const label = { values: Uint8Array.of(0, 4, 2, 1), shape: [] }
    expect(await loadDataset({ image, label })).toMatchObject({ classes: 5, imageShape: [2, 3] })
    const flat = { ...image, shape: [6] }
    const signed = { ...label, values: Int32Array.of(0, -1, 2, 1) }
    const neither = await loadDataset({ image: flat, label: signed })
    expect(Object.keys(neither)).toEqual(['name', 'hash', 'fields', 'splits'])
    expect(await userErrorOf(() => expectImages(neither))).toBe(
      "arrays are no images with labels: expected the bytes 'image' of [height, width] and their 'label', to train on and to test",
    )
    expect(expectImages(await loadDataset({ image, label }, { test: 1 })).classes).toBe(5)
  })
})

describe('the hash', () => {
  const hashOf = async (fields: Record<string, FieldInput>) => (await loadDataset(fields)).hash

  it('is of names, types, shapes and numbers, whatever their order and split', async () => {
    const hash = await hashOf({ x, y })
    expect(hash).toMatch(/^[0-9a-f]{64}$/)
    expect(await hashOf({ y, x })).toBe(hash)
    expect((await loadDataset({ x, y }, { validation: 2 })).hash).toBe(hash)
    expect((await loadDataset(arrays({ x, y }, { name: 'other' }))).hash).toBe(hash)
    expect(await hashOf({ x: { ...x, values: [...x.values] }, y })).toBe(hash)
    const others = [
      { z: x, y },
      { x: { ...x, shape: [4] }, y },
      { x, y: { ...y, values: [...y.values] } },
      { x, y: { ...y, values: y.values.map((one) => (one === 1 ? 2 : one)) } },
    ]
    const found = await Promise.all(others.map(hashOf))
    expect(new Set([hash, ...found]).size).toBe(5)
  })

  it('is what a configuration has in the place of the values', async () => {
    const { hash } = await loadDataset({ x, y })
    const spec = arrays({ x, y }, { name: 'points', validation: 0.2, test: { x, y } })
    const types = { x: 'f32[2, 2]', y: 'i32[]' }
    const text = JSON.stringify(spec)
    expect(JSON.parse(text)).toEqual({
      kind: 'arrays',
      name: 'points',
      hash,
      fields: types,
      labelled: 1,
      validation: 0.2,
      splitBy: 'random',
      splitSeed: 0,
      test: {
        kind: 'arrays',
        name: 'arrays',
        hash,
        fields: types,
        labelled: 1,
        validation: 0,
        test: 0,
        splitBy: 'random',
        splitSeed: 0,
      },
    })
    expect(await userErrorOf(() => parseDataSpec(JSON.parse(text)))).toBe(
      'data says which arrays it was, without their values: give the arrays themselves',
    )
    const loaded = await loadDataset(spec)
    expect(JSON.parse(JSON.stringify(loaded))).toEqual({
      kind: 'loaded',
      name: 'points',
      hash: loaded.hash,
      fields: types,
      splits: { all: 8, train: 8, validation: 2, test: 10 },
    })
    expect(parseData(loaded)).toBe(loaded)
    expect(await userErrorOf(() => parseData({ ...loaded, validation: 0.1 }))).toBe(
      "data has no field 'validation'; its fields are name, hash, fields, splits, classes, skipped, imageShape, target, columns, categories, unknown, missing, classNames, tokens, encoder",
    )
  })
})

it('a data set that the caller put together is taken as it is, and split again', async () => {
  const { fields } = await loadDataset({ x, y })
  const own: Dataset = {
    name: 'own',
    hash: 'ab'.repeat(32),
    fields: { train: fields.train },
    splits: {
      all: { fields: fields.train, rows: Int32Array.of(9, 8, 7, 6) },
      train: { fields: fields.train, rows: Int32Array.of(9, 8, 7, 6) },
    },
  }
  const loaded = await loadDataset(own)
  expect(loaded.splits).toBe(own.splits)
  expect(JSON.parse(JSON.stringify(loaded))).toMatchObject({ kind: 'loaded', hash: own.hash })
  const { splits } = await loadDataset(own, { test: 1 })
  expect([...splits.train.rows, ...(splits.test?.rows ?? [])].sort()).toEqual([6, 7, 8, 9])
  expect([...splits.train.rows]).toEqual([9, 8, 7, 6].filter((row) => row !== splits.test?.rows[0]))
})

describe('refused', () => {
  const label = { values: [1, 2, 3], shape: [] }
  const wrong: [what: string, fields: unknown, message: string][] = [
    ['rows', { x, label }, 'data.x has 10 rows and data.label 3, expected as many'],
    [
      'shape',
      { x: { values: [1, 2, 3], shape: [2] } },
      'data.x has 3 values, which are no whole number of rows of [2]',
    ],
    ['nothing', { x: { values: [], shape: [] } }, 'data.x is empty: it has no values'],
    ['no fields', {}, 'data has no fields, expected fields such as { x: { values, shape } }'],
    [
      'NaN',
      { x: { values: Float32Array.of(1, 2, 3, NaN), shape: [2] } },
      'data.x is not a number in row 1, expected numbers only',
    ],
    ['infinity', { x: { values: [1, -Infinity], shape: [] } }, 'data.x is infinite in row 1, expected numbers only'],
    [
      'beyond f32',
      { x: { values: [1, 2, 1e300], shape: [] } },
      'data.x has 1e+300, which is too large for f32, in row 2, expected numbers only',
    ],
    ['a text', { x: { values: [1, '2'], shape: [] } }, "data.x has '2' in row 1, expected numbers only"],
    ['a gap', { x: { values: [1, null], shape: [] } }, 'data.x has null in row 1, expected'],
    ['rows in rows', { x: { values: [[1, 2]], shape: [] } }, 'data.x has [ 1, 2 ] in row 0, expected'],
    [
      'other arrays',
      { x: { values: new Int8Array(3), shape: [] } },
      'data.x.values must be a Uint8Array, Int32Array, Float32Array, Float64Array or a list of numbers, not Int8Array(3)',
    ],
    ['a text', { x: 'ab' }, "data.x must be a list of rows, or { values, shape }, not 'ab'"],
    ['an option', { x: { ...label, size: 3 } }, "data.x has no field 'size'; its fields are values, shape, dtype"],
    ['no shape', { x: { values: [1] } }, 'data.x.shape is missing, it must be the shape of one'],
    ['a shape', { x: { values: [1], shape: [0] } }, 'data.x.shape must be the shape of one'],
    ['another dtype', { x: { ...label, dtype: 'u8' } }, "data.x.dtype must be that of its values, 'f32', not 'u8'"],
  ]
  it.each(wrong)('%s', async (_, fields, message) => {
    expect(await userErrorOf(() => parseDataSpec(fields))).toContain(message)
  })

  it('as data of a split that are not as those of the training', async () => {
    expect(await userErrorOf(() => loadDataset({ x, y }, { test: { x } }))).toBe(
      "The test data of arrays have no field 'y', as the training has",
    )
    const validation = { x, y: { ...y, values: [...y.values] } }
    expect(await userErrorOf(() => loadDataset({ x, y }, { validation }))).toBe(
      "The validation data of arrays have 'y' as f32[], the training has i32[]",
    )
  })

  it('as options', async () => {
    // Not what the types allow, as a caller without types may write it.
    const options = { validaton: 0.1 } as object
    expect(await userErrorOf(() => arrays({ x }, options))).toContain("arrays has no field 'validaton'")
    expect(await userErrorOf(() => loadDataset({ x }, { test: -1 }))).toContain(
      'test must be a share between 0 and 1 or a whole number from 0 to 2147483647, or data, not -1',
    )
    expect(await userErrorOf(() => arrays({ x: { values: [], shape: [] } }))).toBe(
      'arrays.x is empty: it has no values',
    )
  })

  it('a folder in the place of arrays', async () => {
    const directory = await tinyFolder()
    expect(await userErrorOf(() => loadDataset({ x }, { directory }))).toBe(
      "The data 'arrays' are arrays, so no folder can take their place",
    )
    expect((await loadDataset(idxFolder({ directory: 'gone' }), { directory })).classes).toBe(10)
  })
})
