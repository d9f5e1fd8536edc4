/** Products of matrices, bit by bit against a chain of fused multiply-adds in ascending order. */
import { fusedMultiplyAdd, segmentsOf } from '@gradpool/core/engine'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MATMUL, MICRO, OP, REGISTER } from '../../src/instructions.js'
import { KernelHost, addressOf, at, expectSameBits, testFloats, testNumbers } from '../../src/testing/kernel-host.js'
import { wasmBuilds } from '../../src/wasm-engine.js'

const f = Math.fround

/** Numbers whose products are zeros of both signs, denormal, tie or overflow, and some others. */
function awkwardFloats(count: number, seed: number): Float32Array {
  const next = testNumbers(seed)
  const special = [0, -0, 1, -1, 2 ** -75, -(2 ** -75), 2 ** -149, -(2 ** -130), 2 ** -24, 2 ** 64, -(2 ** 64)]
  return Float32Array.from({ length: count }, () => {
    const choice = Math.floor(next() * 2 * special.length)
    return special[choice] ?? (2 * next() - 1) * 2 ** Math.floor(40 * next() - 20)
  })
}

const hosts = wasmBuilds().map((build) => new KernelHost(build))

describe('matmul', { timeout: 60_000 }, () => {
  interface Case {
    m: number
    n: number
    k: number
    flags: number
    seed: number
    /** Parts of k whose products are added up. */
    segments: number
    isAwkward?: boolean
    /** Changes the operands, such as to zeros. */
    change?: (a: Float32Array, b: Float32Array) => void
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
        totals.fill(0)
        for (let c = start; c < start + length; c++) {
          const left = at(a, i * alongM + c * leftAlongK)
          for (let j = 0; j < n; j++) {
            const right = b[j * alongN + c * rightAlongK] ?? NaN
            totals[j] = fusedMultiplyAdd(left, right, totals[j] ?? NaN)
          }
        }
        row.set(totals.map((total, j) => (part === 0 ? 0 : at(row, j)) + total))
      }
    }
    return result
  }

  /** In each build, all of: into dst, into dst with an epilogue, with an epilogue only. */
  function check(shape: Case): void {
    const { m, n, k, seed } = shape
    const values = shape.isAwkward === true ? awkwardFloats : testFloats
    const operands = { a: values(m * k, seed), b: values(k * n, seed + 1), bias: testFloats(n, seed + 2) }
    shape.change?.(operands.a, operands.b)
    const expected = reference(shape, operands.a, operands.b)
    for (const host of hosts) checkOn(host, shape, operands, expected)
  }

  function checkOn(
    host: KernelHost,
    { m, n, k, flags, seed, segments }: Case,
    operands: Readonly<Record<'a' | 'b' | 'bias', Float32Array>>,
    expected: Float32Array,
  ): void {
    host.reset()
    const a = host.floats(operands.a, 4 * (seed & 3))
    const b = host.floats(operands.b, 4 * ((seed >> 2) & 3))
    const bias = host.floats(operands.bias)
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
      isAwkward: fc.boolean(),
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
    [64, 512, 300],
    [300, 130, 128],
    [131, 77, 530],
    [12, 450, 300],
    [23, 301, 501],
    [61, 1, 600],
    [1, 61, 600],
    [9, 1030, 2050],
    [1, 1, 1],
  ]
  it.each(shapes)('%i x %i, depth %i', (m, n, k) => {
    for (const flags of [0, 1, 2, 3]) check({ m, n, k, flags, seed: 91, segments: 1 })
  })
  const inParts = shapes.filter(([m, n, k]) => k > 7 && m * n * k < 6e6)
  it.each(inParts)('%i x %i, depth %i in 8 parts', (m, n, k) => {
    for (const flags of [0, 1, 2, 3]) check({ m, n, k, flags, seed: 91, segments: 8 })
  })

  describe('a first factor that is zero where most examples are', () => {
    const sparse: [number, number, number, number][] = [
      [10, 10, 784, 0],
      [10, 64, 784, 0],
      [29, 300, 600, 0],
      [257, 300, 400, 0],
      [30, 300, 1024, 0],
      [5, 9, 4096, 0],
      [784, 64, 10, 1],
      [300, 512, 40, 1],
      [130, 33, 700, 1],
      [70, 40, 3, 3],
    ]
    /** Which columns of a, or rows of a transposed one, are zero: about three of four, in runs of all lengths. */
    const isZero = (column: number): boolean => Math.sin(column * column) < 0.5
    const blank = (a: Float32Array, columns: number): void => {
      for (const index of a.keys()) if (isZero(index % columns)) a[index] = index % 3 === 0 ? -0 : 0
    }
    const shapeOf = ([m, n, k, flags]: [number, number, number, number]): Case => ({
      m,
      n,
      k,
      flags,
      seed: 17,
      segments: 1,
      change: (a) => blank(a, flags & MATMUL.TRANSPOSE_A ? m : k),
    })

    it.each(sparse)('%i x %i, depth %i, form %i', (...shape) => {
      check(shapeOf(shape))
      check({ ...shapeOf(shape), isAwkward: true })
    })

    it('is all zeros', () => {
      check({ ...shapeOf([10, 33, 100, 0]), change: (a) => void a.fill(-0) })
      check({ ...shapeOf([100, 33, 10, 1]), change: (a) => void a.fill(-0) })
    })

    it.each(sparse)('%i x %i, depth %i, form %i, beside what is not finite', (m, n, k, flags) => {
      const { change, ...shape } = shapeOf([m, n, k, flags])
      const unfinished = [Infinity, -Infinity, NaN]
      for (const [which, value] of unfinished.entries()) {
        const last = (index: number): boolean => (flags & MATMUL.TRANSPOSE_A ? true : isZero(index))
        const step = Array.from({ length: k }, (_, index) => index).filter(last)[which === 0 ? 0 : k > 9 ? 7 : 1] ?? 0
        const column = which === 1 ? 0 : n - 1
        const place = flags & MATMUL.TRANSPOSE_B ? column * k + step : step * n + column
        check({
          ...shape,
          change: (a, b) => {
            change?.(a, b)
            b[place] = value
          },
        })
      }
    })
  })
})
