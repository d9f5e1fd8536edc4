/** Products of matrices, bit by bit against a sum in ascending order. */
import { segmentsOf } from '@gradpool/core/engine'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MATMUL, MICRO, OP, REGISTER } from '../../src/instructions.js'
import { KernelHost, addressOf, at, expectSameBits, testFloats } from '../../src/testing/kernel-host.js'

const host = new KernelHost()
const f = Math.fround

describe('matmul', () => {
  interface Case {
    m: number
    n: number
    k: number
    flags: number
    seed: number
    /** Parts of k whose products are added up. */
    segments: number
  }

  function reference({ m, n, k, flags, segments }: Case, a: Float32Array, b: Float32Array): Float32Array {
    const result = new Float32Array(m * n)
    const totals = new Float32Array(n)
    // How far apart neighbours are in memory: along m or n, and along k.
    const [alongM, leftAlongK] = flags & MATMUL.TRANSPOSE_A ? [1, m] : [k, 1]
    const [alongN, rightAlongK] = flags & MATMUL.TRANSPOSE_B ? [k, 1] : [1, n]
    for (let i = 0; i < m; i++) {
      const row = result.subarray(i * n, (i + 1) * n)
      for (const [part, { start, length }] of segmentsOf(k, segments).entries()) {
        totals.fill(-0)
        for (let c = start; c < start + length; c++) {
          const left = at(a, i * alongM + c * leftAlongK)
          for (let j = 0; j < n; j++) {
            const right = b[j * alongN + c * rightAlongK] ?? NaN
            totals[j] = (totals[j] ?? NaN) + f(left * right)
          }
        }
        row.set(part === 0 ? totals : totals.map((total, j) => at(row, j) + total))
      }
    }
    return result
  }

  /** Runs all of: into dst, into dst with an epilogue, with an epilogue only. */
  function check(shape: Case): void {
    const { m, n, k, flags, seed, segments } = shape
    host.reset()
    const a = host.floats(testFloats(m * k, seed), 4 * (seed & 3))
    const b = host.floats(testFloats(k * n, seed + 1), 4 * ((seed >> 2) & 3))
    const bias = host.floats(testFloats(n, seed + 2))
    const expected = reference(shape, a, b)
    const biased = expected.map((value, index) => f(value + at(bias, index % n)))

    const instruction = (dst: Float32Array | 0, epilogue: number | Int32Array): void => {
      const scratch = host.bytes(host.exports.matmul_scratch(m, n, k, flags, dst ? 1 : 0, epilogue ? 1 : 0, segments))
      const operands = [dst, a, b, m, n, k, flags, scratch, epilogue]
      const status =
        segments === 1 ? host.execute(OP.MATMUL, ...operands) : host.execute(OP.MATMUL_SEGMENTS, ...operands, segments)
      expect(status).toBe(0)
    }
    const plain = host.floats(m * n, 4 * ((seed >> 4) & 3))
    instruction(plain, 0)
    expectSameBits(plain, expected)

    const product = host.floats(m * n)
    const output = host.floats(m * n)
    const toOutput = [REGISTER.PRODUCT, 0, REGISTER.ROW, addressOf(bias), REGISTER.FULL, addressOf(output)]
    const addBias = host.ints([3, 1, 0, ...toOutput, MICRO.ADD, 2, 0, 1, 0])
    instruction(product, addBias)
    expectSameBits(product, expected)
    expectSameBits(output, biased)
    output.fill(7)
    instruction(0, addBias)
    expectSameBits(output, biased)

    const inPlace = host.ints([2, 1, 0, REGISTER.PRODUCT, 0, REGISTER.ROW, addressOf(bias), MICRO.ADD, 0, 0, 1, 0])
    instruction(product, inPlace)
    expectSameBits(product, biased)
    expect(host.guardsHold()).toBe(true)
  }

  it('sums each element in ascending order, whatever the shape', () => {
    const extent = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 70 }))
    const depth = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 600 }))
    const shape = fc.record({
      m: extent,
      n: extent,
      k: depth,
      flags: fc.integer({ min: 0, max: 3 }),
      seed: fc.nat(),
    })
    const whole = fc.property(shape, (one) => check({ ...one, segments: 1 }))
    fc.assert(whole, { numRuns: 400 })
    const parts = fc.integer({ min: 2, max: 9 })
    const cut = fc.property(shape, parts, (one, segments) => check({ ...one, segments: Math.min(segments, one.k) }))
    fc.assert(cut, { numRuns: 400 })
  })

  const shapes: [number, number, number][] = [
    [10, 10, 784],
    [784, 10, 10],
    [10, 784, 64],
    [10, 64, 784],
    [784, 64, 10],
    [128, 512, 300],
    [300, 130, 128],
    [131, 77, 530],
    [12, 450, 300],
    [23, 301, 501],
    [61, 1, 600],
    [1, 61, 600],
    [1, 1, 1],
  ]
  it.each(shapes)('%i x %i, depth %i', (m, n, k) => {
    for (const flags of [0, 1, 2, 3]) check({ m, n, k, flags, seed: 91, segments: 1 })
  })
  const inParts = shapes.filter(([m, n, k]) => k > 7 && m * n * k < 6e6)
  it.each(inParts)('%i x %i, depth %i in 8 parts', (m, n, k) => {
    for (const flags of [0, 1, 2, 3]) check({ m, n, k, flags, seed: 91, segments: 8 })
  })
})
