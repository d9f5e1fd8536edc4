import fc from 'fast-check'
import { expect, test } from 'vitest'
import { logF32 } from './numeric.js'

const f32 = fc.float({ min: Math.fround(2 ** -126), max: Math.fround(3.4e38), noNaN: true })

test('logF32 is the logarithm to one unit in the last place', () => {
  fc.assert(
    fc.property(f32, (x) => {
      const exact = Math.log(x)
      // Near 1 the result is small, and its relative error still is below 2^-23.
      expect(Math.abs(logF32(x) - exact)).toBeLessThanOrEqual(Math.abs(exact) * 2 ** -23 + 1e-30)
    }),
    { numRuns: 5000 },
  )
})

test('logF32 of powers of two and of one', () => {
  expect(logF32(1)).toBe(0)
  for (let e = -126; e <= 127; e++) {
    expect(logF32(2 ** e)).toBeCloseTo(e * Math.LN2, 4)
  }
})

test('logF32 gives the bits that the kernels give', () => {
  // FNV-1a over the bits of the results for a fixed sequence of arguments.
  let hash = 0x811c9dc5
  const view = new DataView(new ArrayBuffer(4))
  for (let i = 0; i < 4096; i++) {
    view.setUint32(0, 0x00800000 + i * 0x0007efff)
    view.setFloat32(0, logF32(view.getFloat32(0)))
    hash = Math.imul(hash ^ view.getUint32(0), 0x01000193)
  }
  expect(hash >>> 0).toMatchInlineSnapshot(`2833219070`)
})
