/** SORT and SORT_SPREAD, of rows of any length, against JavaScript's own sort. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OP } from '../../src/instructions.js'
import { at, expectSameBits, KernelHost, testFloats, testNumbers } from '../../src/testing/kernel-host.js'

const host = new KernelHost()

/** Whole numbers, many of them equal, of both signs of 0, and some that are not finite. */
function keysOf(count: number, seed: number): Float32Array {
  const next = testNumbers(seed)
  const special = [NaN, Infinity, -Infinity, -0]
  return Float32Array.from({ length: count }, () =>
    next() < 0.2 ? at(special, Math.floor(4 * next())) : Math.round(8 * next()) - 4,
  )
}

function isBefore(a: number, b: number): boolean {
  return a < b || (Number.isNaN(b) && !Number.isNaN(a))
}

describe('sorting', () => {
  const cases = fc.record({
    rows: fc.integer({ min: 1, max: 4 }),
    cols: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 300 })),
    descending: fc.boolean(),
    seed: fc.nat(),
  })

  it('moves values in the order of their keys, and back', () => {
    const property = fc.property(cases, ({ rows, cols, descending, seed }) => {
      host.reset()
      const count = rows * cols
      const keys = host.floats(keysOf(count, seed))
      const values = host.floats(testFloats(count, seed + 1))
      const [sorted, spread] = [host.floats(count), host.floats(count)]
      const scratch = host.doubles(2 * cols)
      const shape = [rows, cols, Number(descending)]
      expect(host.execute(OP.SORT, sorted, keys, values, scratch, ...shape)).toBe(0)
      expect(host.execute(OP.SORT_SPREAD, spread, keys, sorted, scratch, ...shape)).toBe(0)
      const expected = Array.from({ length: rows }, (_, row) => {
        const rank = (col: number) => at(keys, row * cols + col)
        const ascending = (a: number, b: number) =>
          Number(isBefore(rank(b), rank(a))) - Number(isBefore(rank(a), rank(b)))
        const order = Array.from({ length: cols }, (_, col) => col)
        order.sort((a, b) => (descending ? ascending(b, a) : ascending(a, b)))
        return order.map((col) => at(values, row * cols + col))
      })
      expectSameBits(sorted, Float32Array.from(expected.flat()))
      expectSameBits(spread, values)
      expect(host.guardsHold()).toBe(true)
    })
    fc.assert(property, { numRuns: 200 })
  })
})
