/** Instructions that move, cast and gather elements. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DTYPE, OP, EXEC } from '../../src/instructions.js'
import { KernelHost, addressOf, at, expectSameBits, testFloats, testNumbers } from '../../src/testing/kernel-host.js'

const host = new KernelHost()

describe('layout', () => {
  it('COPY moves between strided views', () => {
    const axes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 0, maxLength: 5 })
    const property = fc.property(axes, fc.constantFrom(1, 4), fc.nat(), (extents, size, seed) => {
      host.reset()
      const rank = extents.length
      const count = extents.reduce((a, b) => a * b, 1)
      const next = testNumbers(seed)
      // A permuted source, some of its axes repeated, to a destination in order.
      const order = extents.map((_, axis) => ({ axis, key: next() })).sort((a, b) => a.key - b.key)
      const strides = new Array<number>(rank).fill(0)
      let sourceCount = 1
      for (const { axis } of order) {
        if (next() < 0.3) continue
        strides[axis] = sourceCount
        sourceCount *= at(extents, axis)
      }
      const toStrides = extents.map((_, axis) => extents.slice(axis + 1).reduce((a, b) => a * b, 1))
      const values = Array.from({ length: sourceCount }, () => Math.floor(next() * 256))
      const source = size === 1 ? host.bytes(values) : host.ints(values)
      const to = size === 1 ? host.bytes(count) : host.ints(count)
      expect(host.execute(OP.COPY, to, source, size, rank, ...extents, ...toStrides, ...strides)).toBe(0)
      const expected = Array.from({ length: count }, (_, index) => {
        const place = extents.map((extent, axis) => Math.floor(index / at(toStrides, axis)) % extent)
        return at(
          values,
          place.reduce((sum, p, axis) => sum + p * at(strides, axis), 0),
        )
      })
      expect([...to]).toEqual(expected)
      expect(host.guardsHold()).toBe(true)
    })
    fc.assert(property, { numRuns: 300 })
  })

  it('COPY and FILL of long runs', () => {
    for (const count of [1, 3, 4, 255, 256, 257, 5000]) {
      host.reset()
      const from = host.ints(Int32Array.from({ length: count }, (_, i) => i * 7919))
      const to = host.ints(count)
      host.execute(OP.COPY, to, from, 4, 1, count, 1, 1)
      expect([...to]).toEqual([...from])
      host.execute(OP.FILL, to, count, 0x40490fdb)
      expect(to.every((word) => word === 0x40490fdb)).toBe(true)
      expect(host.guardsHold()).toBe(true)
    }
  })

  const floats = fc.array(
    fc.oneof(
      fc.float(),
      fc.float({ min: -300, max: 300 }),
      fc.constantFrom(NaN, 2 ** 31, -(2 ** 31), -(2 ** 31) - 256, 255, 256, -0.5),
    ),
    { maxLength: 70 },
  )
  const clamp = (x: number, least: number, most: number): number =>
    Number.isNaN(x) ? 0 : Math.min(most, Math.max(least, Math.trunc(x)))

  it('CAST to and from each type', () => {
    const property = fc.property(floats, (list) => {
      host.reset()
      const from = host.floats(list)
      const ints = host.ints(list.length)
      const bytes = host.bytes(list.length, 1)
      const back = host.floats(list.length)
      const cast = (to: ArrayBufferView, source: ArrayBufferView, type: number, sourceType: number): void => {
        expect(host.execute(OP.CAST, to, source, type, sourceType, list.length)).toBe(0)
      }
      const plus = (x: number): number => x + 0
      cast(ints, from, DTYPE.i32, DTYPE.f32)
      expect([...ints]).toEqual([...from].map((x) => plus(clamp(x, -(2 ** 31), 2 ** 31 - 1))))
      cast(bytes, from, DTYPE.u8, DTYPE.f32)
      expect([...bytes]).toEqual([...from].map((x) => plus(clamp(x, 0, 255))))
      cast(back, bytes, DTYPE.f32, DTYPE.u8)
      expect([...back]).toEqual([...bytes])
      cast(back, ints, DTYPE.f32, DTYPE.i32)
      expect([...back]).toEqual([...ints].map(Math.fround))
      const wide = [...ints]
      cast(bytes, ints, DTYPE.u8, DTYPE.i32)
      expect([...bytes]).toEqual(wide.map((x) => clamp(x, 0, 255)))
      cast(ints, bytes, DTYPE.i32, DTYPE.u8)
      expect([...ints]).toEqual([...bytes])
      cast(back, from, DTYPE.f32, DTYPE.f32)
      expectSameBits(back, from)
      expect(host.guardsHold()).toBe(true)
    })
    fc.assert(property)
  })

  it('GATHER_BATCH takes the rows of the execution', () => {
    const property = fc.property(
      fc.integer({ min: 1, max: 70 }),
      fc.integer({ min: 1, max: 9 }),
      fc.nat(),
      (width, rows, seed) => {
        host.reset()
        const next = testNumbers(seed)
        const values = Array.from({ length: 20 * width }, () => Math.floor(next() * 256))
        const indices = host.ints(Array.from({ length: rows }, () => Math.floor(next() * 20)))
        const exec = host.ints(EXEC.WORDS)
        exec[EXEC.INDICES] = addressOf(indices)
        const expected = [...indices].flatMap((row) => values.slice(row * width, (row + 1) * width))
        const fields = {
          u8: host.bytes(values, seed & 3),
          i32: host.ints(values),
          f32: host.floats(values),
        }
        const types: ['u8' | 'i32' | 'f32', 'u8' | 'i32' | 'f32'][] = [
          ['f32', 'u8'],
          ['f32', 'f32'],
          ['i32', 'u8'],
          ['i32', 'i32'],
          ['u8', 'u8'],
          ['f32', 'i32'],
        ]
        for (const [type, from] of types) {
          const to = {
            u8: () => host.bytes(rows * width),
            i32: () => host.ints(rows * width),
            f32: () => host.floats(rows * width),
          }[type]()
          const words = [
            OP.GATHER_BATCH,
            8,
            addressOf(to),
            addressOf(fields[from]),
            DTYPE[type],
            DTYPE[from],
            width,
            rows,
          ]
          expect(host.executeAll(words, exec)).toBe(0)
          expect([...to]).toEqual(expected)
        }
        expect(host.guardsHold()).toBe(true)
      },
    )
    fc.assert(property, { numRuns: 50 })
  })

  it('GATHER_ROWS gives zeros for an index outside, SCATTER_ADD leaves it out', () => {
    const property = fc.property(
      fc.array(fc.integer({ min: -2, max: 8 }), { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 1, max: 40 }),
      fc.nat(),
      (list, width, seed) => {
        host.reset()
        const rows = 6
        const indices = host.ints(list)
        const table = host.floats(testFloats(rows * width, seed))
        const gathered = host.floats(list.length * width)
        gathered.fill(NaN)
        expect(host.execute(OP.GATHER_ROWS, gathered, table, indices, list.length, 4 * width, rows)).toBe(0)
        const isInside = (index: number): boolean => index >= 0 && index < rows
        const row = (index: number): Float32Array =>
          isInside(index) ? table.subarray(index * width, (index + 1) * width) : new Float32Array(width)
        expect([...gathered]).toEqual(list.flatMap((index) => [...row(index)]))
        const added = host.floats(rows * width)
        expect(host.execute(OP.SCATTER_ADD, added, gathered, indices, list.length, width, rows)).toBe(0)
        const expected = new Float32Array(rows * width)
        for (const [i, index] of list.entries()) {
          for (let c = 0; c < width && isInside(index); c++) {
            expected[index * width + c] = at(expected, index * width + c) + at(gathered, i * width + c)
          }
        }
        expectSameBits(added, expected)
        expect(host.guardsHold()).toBe(true)
      },
    )
    fc.assert(property)
  })

  it('ONE_HOT gives zeros for a class outside', () => {
    const property = fc.property(
      fc.array(fc.integer({ min: -1, max: 12 }), { minLength: 1 }),
      fc.integer({ min: 1, max: 11 }),
      (list, depth) => {
        host.reset()
        const expected = list.flatMap((label) => Array.from({ length: depth }, (_, c) => Number(c === label)))
        const to = host.floats(list.length * depth)
        expect(host.execute(OP.ONE_HOT, to, host.ints(list), DTYPE.i32, list.length, depth)).toBe(0)
        expect([...to]).toEqual(expected)
        const bytes = host.bytes(list)
        expect(host.execute(OP.ONE_HOT, to, bytes, DTYPE.u8, list.length, depth)).toBe(0)
        expect([...to]).toEqual(
          [...bytes].flatMap((label) => Array.from({ length: depth }, (_, c) => Number(c === label))),
        )
        expect(host.guardsHold()).toBe(true)
      },
    )
    fc.assert(property)
  })
})
