import { describe, expect, test } from 'vitest'
import { loadDataset, windows, type WindowsOptions } from './index.js'

/** The number of its row is the load, so that windows tell which rows they have. */
const numRows = 50
const load = Float32Array.from({ length: numRows }, (_, i) => i)
const heat = Float64Array.from({ length: numRows }, (_, i) => 1000 + i)
const base: WindowsOptions = { target: 'load', length: 4, horizon: 2 }

/** Rows of each window, by split. */
async function rowsOf(options: Partial<WindowsOptions>) {
  const { splits } = await loadDataset(windows({ load, heat }, { ...base, ...options }))
  return Object.fromEntries(
    (['train', 'validation', 'test'] as const).flatMap((name) => {
      const split = splits[name]
      if (split === undefined) return []
      const { x, y } = split.fields
      const [size, horizon] = [(x?.shape[0] ?? 0) * 2, y?.shape[0] ?? 0]
      const found = Array.from(split.rows, (row) => [
        ...Array.from({ length: size / 2 }, (_, t) => x?.values[row * size + 2 * t] ?? NaN),
        ...Array.from({ length: horizon }, (_, t) => y?.values[row * horizon + t] ?? NaN),
      ])
      return [[name, found] as const]
    }),
  )
}

describe('windows', () => {
  test('see a stretch of all columns, and the target after it', async () => {
    const { fields, splits } = await loadDataset(windows({ load, heat }, base))
    expect(fields.train.x).toMatchObject({ dtype: 'f32', shape: [4, 2] })
    expect(fields.train.y).toMatchObject({ dtype: 'f32', shape: [2] })
    expect([...(fields.train.x?.values.subarray(8, 16) ?? [])]).toEqual([1, 1001, 2, 1002, 3, 1003, 4, 1004])
    expect([...(fields.train.y?.values.subarray(2, 4) ?? [])]).toEqual([5, 6])
    expect(splits.train.rows).toHaveLength(45)
  })

  test.each([
    [1, 45],
    [3, 15],
    [6, 8],
    [44, 2],
    [45, 1],
    [100, 1],
  ])('with a stride of %d are %d', async (stride, count) => {
    const { train } = await rowsOf({ stride })
    expect(train).toHaveLength(count)
    train?.forEach((rows, i) => expect(rows).toEqual([0, 1, 2, 3, 4, 5].map((t) => i * stride + t)))
  })

  test.each([
    [{ validation: 0.2, test: 0.2 }, [30, 10, 10]],
    [{ validation: 6, test: 7 }, [37, 6, 7]],
    [{ validation: 10, test: 0.3, stride: 4 }, [25, 10, 15]],
  ] as const)('of %o are of rows that no other split has, the latest in the test', async (options, sizes) => {
    const found = await rowsOf(options)
    const size = 'stride' in options ? options.stride : 1
    const seen = new Set<number>()
    let begin = 0
    for (const [i, name] of (['train', 'validation', 'test'] as const).entries()) {
      const own = new Set(found[name]?.flat())
      for (const row of own) {
        expect(seen.has(row)).toBe(false)
        expect(row).toBeGreaterThanOrEqual(begin)
        expect(row).toBeLessThan(begin + (sizes[i] ?? 0))
      }
      own.forEach((row) => seen.add(row))
      expect(found[name]).toHaveLength(Math.floor(((sizes[i] ?? 0) - 6) / size) + 1)
      begin += sizes[i] ?? 0
    }
  })

  test('of groups are of one series each, wherever its rows stand', async () => {
    const groupBy = Array.from(load, (_, i) => (i % 3 === 0 ? 'a' : 'b'))
    const { train = [], test: last = [] } = await rowsOf({ groupBy, test: 0.5 })
    // 17 rows of one and 33 of the other: 8 and 16 to train on (half of 17 and of 33 are rounded up), 9 and 17 to test.
    expect([train.length, last.length]).toEqual([3 + 11, 4 + 12])
    for (const rows of [...train, ...last]) {
      expect(new Set(rows.map((row) => row % 3 === 0)).size).toBe(1)
      const order = Array.from(load).filter((row) => (row % 3 === 0) === ((rows[0] ?? 0) % 3 === 0))
      const begin = order.indexOf(rows[0] ?? NaN)
      expect(rows).toEqual(order.slice(begin, begin + 6))
    }
    const trained = new Set(train.flat())
    expect(last.flat().filter((row) => trained.has(row))).toEqual([])
  })

  test('refuse what does not fit', () => {
    const of = (options: Partial<WindowsOptions>) => () => windows({ load, heat }, { ...base, ...options })
    expect(of({ target: 'wind' })).toThrow("windows: target must be one of load, heat, not 'wind'")
    expect(of({ length: 0 })).toThrow('windows: length must be a whole number of at least 1, not 0')
    expect(of({ stride: 1.5 })).toThrow('windows: stride must be a whole number of at least 1, not 1.5')
    expect(of({ length: 49 })).toThrow('windows: no train rows of a series are as many as length + horizon, 51')
    expect(of({ test: 5 })).toThrow('windows: no test rows of a series are as many as length + horizon, 6')
    expect(of({ test: 1.5 })).toThrow('windows: test must be a share below 1, or a number of rows, not 1.5')
    expect(of({ groupBy: [1, 2] })).toThrow('windows: groupBy has 2 rows and load has 50; they must have as many')
    expect(() => windows({ load, heat: [1] }, base)).toThrow('windows: heat has 1 rows and load has 50')
    expect(() => windows({}, base)).toThrow('windows: columns must be numbers by name, one for each row')
    expect(() => windows({ load: [1, NaN, 3, 4, 5, 6] }, base)).toThrow(
      'windows: load is no number that f32 has in row 1, but NaN',
    )
  })
})
