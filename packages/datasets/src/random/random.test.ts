import { expect, it } from 'vitest'
import { loadDataset } from '../load.js'
import { parseDataSpec, randomData } from '../spec.js'
import { userErrorOf } from '../testing/user-errors.js'

const fields = {
  image: { dtype: 'u8', shape: [4, 5, 3] },
  label: { dtype: 'u8', shape: [], below: 10 },
  count: { dtype: 'i32', shape: [2], below: 1000 },
  x: { dtype: 'f32', shape: [3], below: 2 },
} as const

/** In standard errors from what uniform numbers from 0 to below `below` have on average. */
function distance(values: ArrayLike<number>, below: number, isWhole: boolean): number {
  const mean = Array.from(values).reduce((total, value) => total + value, 0) / values.length
  const expected = isWhole ? (below - 1) / 2 : below / 2
  return Math.abs(mean - expected) / Math.sqrt(below ** 2 / 12 / values.length)
}

it('is uniform, of the types, shapes and bounds that were asked for', async () => {
  const { name, fields: loaded, splits, classes } = await loadDataset(randomData(fields, { rows: 2000, test: 0.1 }))
  expect(name).toBe('random')
  expect(classes).toBe(10)
  expect([splits.train.rows.length, splits.test?.rows.length]).toEqual([1800, 200])
  const { image, label, count, x } = loaded.train
  expect(image).toMatchObject({ dtype: 'u8', shape: [4, 5, 3] })
  expect(x).toMatchObject({ dtype: 'f32', shape: [3] })
  for (const [field, below, size] of [
    [image, 256, 60],
    [label, 10, 1],
    [count, 1000, 2],
    [x, 2, 3],
  ] as const) {
    const values = field?.values ?? []
    expect(values).toHaveLength(2000 * size)
    expect(distance(values, below, field !== x)).toBeLessThan(3.5)
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...values)).toBeLessThan(below)
    expect(Math.max(...values)).toBeGreaterThan(0.9 * (below - 1))
  }
  expect(new Set(label?.values)).toHaveLength(10)
  expect(x?.values.some((value) => value % 1 !== 0)).toBe(true)
})

it('is the same for a seed, in any number of rows, and other for each field', async () => {
  const valuesOf = async (rows: number, seed?: number) => {
    const { fields: loaded } = await loadDataset(randomData(fields, { rows, ...(seed !== undefined && { seed }) }))
    return loaded.train
  }
  const [few, more, other] = await Promise.all([valuesOf(10), valuesOf(20, 0), valuesOf(10, 1)])
  expect(more.image?.values.slice(0, 600)).toEqual(few.image?.values)
  expect(other.image?.values).not.toEqual(few.image?.values)
  const two = { a: { dtype: 'u8', shape: [9] }, b: { dtype: 'u8', shape: [9] } } as const
  const { fields: loaded } = await loadDataset(randomData(two, { rows: 1 }))
  expect(loaded.train.a?.values).not.toEqual(loaded.train.b?.values)
})

it('is plain JSON, complete', () => {
  const spec = randomData({ x: { dtype: 'f32', shape: [] } }, { rows: 3 })
  expect(spec).toEqual({
    kind: 'random',
    rows: 3,
    fields: { x: { dtype: 'f32', shape: [], below: 1 } },
    seed: 0,
    labelled: 1,
    validation: 0,
    test: 0,
    splitBy: 'random',
    splitSeed: 0,
  })
  expect(parseDataSpec(JSON.parse(JSON.stringify(spec)))).toEqual(spec)
})

it.each([
  [{ rows: 0, fields }, 'data.rows must be a whole number of at least 1, not 0'],
  [{ rows: 1 }, 'data.fields is missing, it must be fields such as'],
  [{ rows: 1, fields: {} }, 'data.fields must be fields such as'],
  [
    { rows: 1, fields: { x: { dtype: 'f64', shape: [] } } },
    "data.fields.x.dtype must be 'u8', 'i32' or 'f32', not 'f64'",
  ],
  [
    { rows: 1, fields: { x: { dtype: 'u8', shape: [], below: 257 } } },
    'data.fields.x.below must be a whole number from 1 to 256, not 257',
  ],
  [{ rows: 1, fields: { x: { dtype: 'u8', shape: [0] } } }, 'data.fields.x.shape must be the shape of one example'],
  [{ rows: 2 ** 20, fields: { x: { dtype: 'u8', shape: [2048] } } }, 'more than the 1073741824 allowed'],
  [{ rows: 1, fields, label: 3 }, "data has no field 'label'"],
])('%j is refused in one sentence', async (value, message) => {
  expect(await userErrorOf(() => parseDataSpec({ kind: 'random', ...value }))).toContain(message)
})

it('has no place for a folder', async () => {
  const load = loadDataset(randomData(fields, { rows: 2 }), { directory: '/nowhere' })
  await expect(load).rejects.toThrow("The data 'random' are random numbers, so no folder can take their place")
})
