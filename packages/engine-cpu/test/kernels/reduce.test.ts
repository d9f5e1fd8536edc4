/** Sums, maxima, softmax, bit by bit where their definition is exact. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OP } from '../../src/instructions.js'
import { KernelHost, at, expectSameBits, testFloats, laneSum } from '../../src/testing/kernel-host.js'

const host = new KernelHost()
const f = Math.fround

describe('sums and maxima', () => {
  const shapes = fc.record({
    outer: fc.integer({ min: 1, max: 9 }),
    count: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 400 })),
    inner: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 40 })),
    seed: fc.nat(),
  })

  it('SUM and REDUCE_MAX over any axis', () => {
    const property = fc.property(shapes, ({ outer, count, inner, seed }) => {
      host.reset()
      const from = host.floats(testFloats(outer * count * inner, seed), 4 * (seed & 3))
      const total = host.floats(outer * inner)
      const max = host.floats(outer * inner)
      expect(host.execute(OP.SUM, total, from, outer, count, inner)).toBe(0)
      expect(host.execute(OP.REDUCE_MAX, max, from, outer, count, inner)).toBe(0)
      const column = (o: number, i: number): Float32Array =>
        Float32Array.from({ length: count }, (_, c) => at(from, (o * count + c) * inner + i))
      const columns = Array.from({ length: outer * inner }, (_, e) => column(Math.floor(e / inner), e % inner))
      const add = inner === 1 ? laneSum : (values: Float32Array) => values.reduce((a, b) => f(a + b))
      expectSameBits(total, Float32Array.from(columns, add))
      expectSameBits(
        max,
        Float32Array.from(columns, (values) => Math.max(...values)),
      )
      expect(host.guardsHold()).toBe(true)
    })
    fc.assert(property, { numRuns: 200 })
  })

  it('REDUCE_MAX is NaN if any element is, and takes +0 for larger than -0', () => {
    host.reset()
    const from = host.floats(3 * 50)
    from.fill(-1)
    from[20] = NaN
    from[60] = -0
    from[90] = 0
    from[120] = 0
    from[130] = -0
    const max = host.floats(3)
    host.execute(OP.REDUCE_MAX, max, from, 3, 50, 1)
    expect([...max]).toEqual([NaN, 0, 0])
  })

  it('ARG_MAX is the first of equals, and the first NaN', () => {
    const value = fc.oneof(fc.integer({ min: -2, max: 2 }), fc.constant(NaN))
    const rows = fc.integer({ min: 1, max: 20 }).chain((cols) =>
      fc.array(fc.array(value, { minLength: cols, maxLength: cols }), {
        minLength: 1,
        maxLength: 9,
      }),
    )
    const property = fc.property(rows, (values) => {
      host.reset()
      const to = host.ints(values.length)
      const cols = values[0]?.length ?? 0
      expect(host.execute(OP.ARG_MAX, to, host.floats(values.flat()), values.length, cols)).toBe(0)
      const first = (row: number[]): number =>
        row.some(Number.isNaN) ? row.findIndex(Number.isNaN) : row.indexOf(Math.max(...row))
      expect([...to]).toEqual(values.map(first))
      expect(host.guardsHold()).toBe(true)
    })
    fc.assert(property)
  })

  it('SOFTMAX and LOG_SOFTMAX, also in place', () => {
    const property = fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 600 }),
      fc.nat(),
      (rows, cols, seed) => {
        host.reset()
        const from = host.floats(testFloats(rows * cols, seed).map((x) => 30 * x))
        const soft = host.floats(rows * cols)
        const logSoft = host.floats(rows * cols)
        expect(host.execute(OP.SOFTMAX, soft, from, rows, cols)).toBe(0)
        expect(host.execute(OP.LOG_SOFTMAX, logSoft, from, rows, cols)).toBe(0)
        for (let r = 0; r < rows; r++) {
          const row = [...from.subarray(r * cols, (r + 1) * cols)]
          const max = Math.max(...row)
          const total = row.reduce((sum, x) => sum + Math.exp(x - max), 0)
          for (let c = 0; c < cols; c++) {
            const shifted = at(row, c) - max
            expect(at(soft, r * cols + c)).toBeCloseTo(Math.exp(shifted) / total, 6)
            expect(Math.abs(at(logSoft, r * cols + c) - (shifted - Math.log(total)))).toBeLessThan(1e-5)
          }
        }
        host.execute(OP.SOFTMAX, from, from, rows, cols)
        expectSameBits(from, soft)
        expect(host.guardsHold()).toBe(true)
      },
    )
    fc.assert(property, { numRuns: 40 })
  })
})
