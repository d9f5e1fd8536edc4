/**
 * Every instruction and micro-op of the kernels against plain loops: bit by bit, but for exp, log, tanh and sigmoid, which are held to 2 units in the last place.
 */
import fc from 'fast-check'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { DTYPE, MATMUL, MICRO, OP, REGISTER, RESULT, RUN, TAPE } from './instructions.js'
import { KernelHost, addressOf, testFloats, testNumbers } from './testing/kernel-host.js'

const STACK_BYTES = 262144

const host = new KernelHost()
const f = Math.fround
const at = (array: ArrayLike<number>, index: number): number => array[index] ?? NaN
const bits = (array: Float32Array): Uint32Array => new Uint32Array(new Float32Array(array).buffer)
const expectSameBits = (actual: Float32Array, expected: Float32Array): void => {
  expect(actual.length).toBe(expected.length)
  const a = bits(actual)
  const b = bits(expected)
  const different = a.findIndex(
    (word, i) => word !== b[i] && !(Number.isNaN(actual[i]) && Number.isNaN(expected[i])),
  )
  if (different >= 0) {
    expect.fail(
      `element ${different} of ${a.length}: ${at(actual, different)}, not ${at(expected, different)}`,
    )
  }
}

describe('matmul', () => {
  interface Case {
    m: number
    n: number
    k: number
    flags: number
    seed: number
  }

  function reference({ m, n, k, flags }: Case, a: Float32Array, b: Float32Array): Float32Array {
    const result = new Float32Array(m * n)
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let total = -0
        for (let c = 0; c < k; c++) {
          const left = at(a, flags & MATMUL.TRANSPOSE_A ? c * m + i : i * k + c)
          const right = at(b, flags & MATMUL.TRANSPOSE_B ? j * k + c : c * n + j)
          total = f(total + f(left * right))
        }
        result[i * n + j] = total
      }
    }
    return result
  }

  /** Runs all of: into dst, into dst with a tape, with a tape only. */
  function check(shape: Case): void {
    const { m, n, k, flags, seed } = shape
    host.reset()
    const a = host.floats(testFloats(m * k, seed), 4 * (seed & 3))
    const b = host.floats(testFloats(k * n, seed + 1), 4 * ((seed >> 2) & 3))
    const bias = host.floats(testFloats(n, seed + 2))
    const expected = reference(shape, a, b)
    const biased = expected.map((value, index) => f(value + at(bias, index % n)))

    const instruction = (dst: Float32Array | 0, tape: number | Int32Array): void => {
      const scratch = host.bytes(
        host.exports.matmul_scratch(m, n, k, flags, dst ? 1 : 0, tape ? 1 : 0),
      )
      expect(host.execute(OP.MATMUL, dst, a, b, m, n, k, flags, scratch, tape)).toBe(0)
    }
    const plain = host.floats(m * n, 4 * ((seed >> 4) & 3))
    instruction(plain, 0)
    expectSameBits(plain, expected)

    const product = host.floats(m * n)
    const output = host.floats(m * n)
    const toOutput = [
      REGISTER.PRODUCT,
      0,
      REGISTER.ROW,
      addressOf(bias),
      REGISTER.FULL,
      addressOf(output),
    ]
    const addBias = host.ints([3, 1, 0, ...toOutput, MICRO.ADD, 2, 0, 1, 0])
    instruction(product, addBias)
    expectSameBits(product, expected)
    expectSameBits(output, biased)
    output.fill(7)
    instruction(0, addBias)
    expectSameBits(output, biased)

    const inPlace = host.ints([
      2,
      1,
      0,
      REGISTER.PRODUCT,
      0,
      REGISTER.ROW,
      addressOf(bias),
      MICRO.ADD,
      0,
      0,
      1,
      0,
    ])
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
    fc.assert(fc.property(shape, check), { numRuns: 400 })
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
    for (const flags of [0, 1, 2, 3]) check({ m, n, k, flags, seed: 91 })
  })
})

describe('tape', () => {
  type Unary = (a: number) => number
  type Binary = (a: number, b: number) => number
  const exactUnary: Record<string, Unary> = {
    COPY: (a) => a,
    NEG: (a) => -a,
    SQRT: Math.sqrt,
    RELU: (a) => (a < 0 ? 0 : a),
    ABS: Math.abs,
    FLUSH: (a) => (Math.abs(a) < 2 ** -126 ? 0 : a),
    SQUARE: (a) => a * a,
  }
  const exactBinary: Record<string, Binary> = {
    ADD: (a, b) => a + b,
    SUB: (a, b) => a - b,
    MUL: (a, b) => a * b,
    DIV: (a, b) => a / b,
    MAX: Math.max,
    MIN: Math.min,
    LESS: (a, b) => Number(a < b),
    LESS_EQUAL: (a, b) => Number(a <= b),
    EQUAL: (a, b) => Number(a === b),
  }
  const micro = (name: string): number => MICRO[name as keyof typeof MICRO]
  const special = [
    0,
    -0,
    1,
    -1,
    Infinity,
    -Infinity,
    NaN,
    2 ** -126,
    2 ** -149,
    -(2 ** -130),
    3.4e38,
    -3.4e38,
    0.5,
    2,
  ]
  /** Mostly ordinary numbers, some special, many equal to others. */
  const awkward = (count: number, seed: number): Float32Array => {
    const next = testNumbers(seed)
    return Float32Array.from({ length: count }, () => {
      const kind = next()
      if (kind < 0.2) return at(special, Math.floor(next() * special.length))
      return kind < 0.4 ? Math.round(next() * 6) - 3 : next() * 20 - 10
    })
  }
  const runTape = (rows: number, cols: number, tape: readonly number[]): void => {
    expect(host.execute(OP.MAP, rows, cols, host.ints(tape))).toBe(0)
    expect(host.guardsHold()).toBe(true)
  }
  const cases = fc.record({
    rows: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 70 })),
    cols: fc.oneof(fc.integer({ min: 1, max: 17 }), fc.integer({ min: 1, max: 600 })),
    seed: fc.nat(),
  })

  it.each(Object.keys(exactUnary))('%s rounds as defined', (name) => {
    const property = fc.property(cases, ({ rows, cols, seed }) => {
      host.reset()
      const a = host.floats(awkward(rows * cols, seed), 4 * (seed & 3))
      const to = host.floats(rows * cols)
      const registers = [REGISTER.FULL, addressOf(a), REGISTER.FULL, addressOf(to)]
      runTape(rows, cols, [2, 1, 0, ...registers, micro(name), 1, 0, 0, 0])
      expectSameBits(to, a.map(exactUnary[name] ?? Number))
    })
    fc.assert(property, { numRuns: 30 })
  })

  it.each(Object.keys(exactBinary))('%s rounds as defined, for every kind of operand', (name) => {
    const property = fc.property(cases, ({ rows, cols, seed }) => {
      host.reset()
      const count = rows * cols
      const full = host.floats(awkward(count, seed))
      const scalar = host.floats(awkward(1, seed + 1))
      const row = host.floats(awkward(cols, seed + 2))
      const col = host.floats(awkward(rows, seed + 3))
      const bytes = host.bytes(
        Uint8Array.from({ length: count }, (_, i) => (i * 37) & 7),
        seed & 3,
      )
      const ints = host.ints(Int32Array.from({ length: count }, (_, i) => ((i * 40503) << 8) | 1))
      const operands: [kind: number, view: ArrayBufferView, value: (index: number) => number][] = [
        [REGISTER.FULL, full, (i) => at(full, i)],
        [REGISTER.SCALAR, scalar, () => at(scalar, 0)],
        [REGISTER.ROW, row, (i) => at(row, i % cols)],
        [REGISTER.COL, col, (i) => at(col, Math.floor(i / cols))],
        [REGISTER.FULL_U8, bytes, (i) => at(bytes, i)],
        [REGISTER.FULL_I32, ints, (i) => f(at(ints, i))],
      ]
      const apply = exactBinary[name] ?? Math.max
      for (const [kind, view, value] of operands) {
        const to = host.floats(count)
        const back = host.floats(count)
        const registers = [REGISTER.FULL, addressOf(full), kind, addressOf(view)]
        const results = [REGISTER.FULL, addressOf(to), REGISTER.FULL, addressOf(back)]
        const ops = [micro(name), 2, 0, 1, 0, micro(name), 3, 1, 0, 0]
        runTape(rows, cols, [4, 2, 0, ...registers, ...results, ...ops])
        expectSameBits(
          to,
          full.map((a, i) => apply(a, value(i))),
        )
        expectSameBits(
          back,
          full.map((a, i) => apply(value(i), a)),
        )
      }
    })
    fc.assert(property, { numRuns: 30 })
  })

  it('SELECT takes a where the condition is not 0', () => {
    const property = fc.property(cases, ({ rows, cols, seed }) => {
      host.reset()
      const condition = host.floats(awkward(rows * cols, seed))
      const a = host.floats(awkward(rows * cols, seed + 1))
      const b = host.floats(awkward(cols, seed + 2))
      const to = host.floats(rows * cols)
      const registers = [
        ...[REGISTER.FULL, addressOf(condition), REGISTER.FULL, addressOf(a)],
        ...[REGISTER.ROW, addressOf(b), REGISTER.FULL, addressOf(to)],
      ]
      runTape(rows, cols, [4, 1, 0, ...registers, MICRO.SELECT, 3, 0, 1, 2])
      expectSameBits(
        to,
        condition.map((c, i) => (c !== 0 ? at(a, i) : at(b, i % cols))),
      )
    })
    fc.assert(property, { numRuns: 30 })
  })

  it('runs ops in order over temps and in place, and sums', () => {
    const property = fc.property(cases, ({ rows, cols, seed }) => {
      host.reset()
      const count = rows * cols
      const x = host.floats(testFloats(count, seed))
      const before = Float32Array.from(x)
      const row = host.floats(testFloats(cols, seed + 1))
      const sums = host.floats(2)
      const address = addressOf(sums)
      // t0 = x + row; x = t0 * x (in place, read and written under two names); t1 = x - t0; sums of x and t1
      const tape = [
        5,
        3,
        2,
        REGISTER.FULL,
        addressOf(x),
        REGISTER.ROW,
        addressOf(row),
        REGISTER.TEMP,
        0,
      ]
      tape.push(REGISTER.TEMP, 1, REGISTER.FULL, addressOf(x))
      tape.push(MICRO.ADD, 2, 0, 1, 0, MICRO.MUL, 4, 2, 0, 0, MICRO.SUB, 3, 0, 2, 0)
      tape.push(4, address, 3, address + 4)
      runTape(rows, cols, tape)
      const t0 = before.map((value, i) => value + at(row, i % cols))
      const product = before.map((value, i) => at(t0, i) * value)
      expectSameBits(x, product)
      expectSameBits(
        sums,
        Float32Array.of(laneSum(product), laneSum(product.map((p, i) => p - at(t0, i)))),
      )
    })
    fc.assert(property, { numRuns: 100 })
  })

  it('ADAM has the bits of its formula, op by op', () => {
    const property = fc.property(cases, fc.boolean(), ({ rows, cols, seed }, inPlace) => {
      host.reset()
      const count = rows * cols
      const next = testNumbers(seed)
      const magnitudes = (): Float32Array =>
        Float32Array.from({ length: count }, () =>
          next() < 0.2 ? 2 ** -126 * (1 + next()) : next(),
        )
      const w = host.floats(testFloats(count, seed))
      const m = host.floats(magnitudes())
      const v = host.floats(magnitudes())
      const g = host.floats(
        testFloats(count, seed + 2).map((value) => (value > 0.6 ? 1e-20 : value)),
      )
      const scalars = host.floats([0.9, 0.1, 0.999, 0.001, 0.002, 1.01, 1e-7])
      const [beta1, rest1, beta2, rest2, stepSize, correction, epsilon] = [...scalars] as [
        number,
        number,
        number,
        number,
        number,
        number,
        number,
      ]
      const flush = (value: number): number => (Math.abs(value) < 2 ** -126 ? 0 : value)
      const mean = m.map((value, i) => flush(f(f(beta1 * value) + f(rest1 * at(g, i)))))
      const variance = v.map((value, i) =>
        flush(f(f(beta2 * value) + f(rest2 * f(at(g, i) * at(g, i))))),
      )
      const weight = w.map((value, i) => {
        const denominator = f(f(f(Math.sqrt(at(variance, i))) * correction) + epsilon)
        return f(value - f(f(stepSize * at(mean, i)) / denominator))
      })
      const results = inPlace
        ? [w, m, v]
        : [host.floats(count), host.floats(count), host.floats(count)]
      const registers = [...results, w, m, v, g].flatMap((array) => [
        REGISTER.FULL,
        addressOf(array),
      ])
      for (let s = 0; s < 7; s++) registers.push(REGISTER.SCALAR, addressOf(scalars) + 4 * s)
      runTape(rows, cols, [TAPE.ADAM_REGISTERS, 1, 0, ...registers, MICRO.ADAM, 0, 0, 0, 0])
      expectSameBits(results[0] ?? w, weight)
      expectSameBits(results[1] ?? w, mean)
      expectSameBits(results[2] ?? w, variance)
    })
    fc.assert(property, { numRuns: 60 })
  })
})

describe('elementary functions', () => {
  const BATCH = 1 << 18
  const functions: [string, number, (x: number) => number][] = [
    ['EXP', MICRO.EXP, Math.exp],
    ['LOG', MICRO.LOG, Math.log],
    ['TANH', MICRO.TANH, Math.tanh],
    [
      'SIGMOID',
      MICRO.SIGMOID,
      (x) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x))),
    ],
  ]
  /** The distance of a f32 from the exact value, in units of the exact value's last place. */
  const ulps = (actual: number, exact: number): number => {
    const nearest = f(exact)
    if (Object.is(actual, nearest) || (Number.isNaN(actual) && Number.isNaN(nearest))) return 0
    if (!Number.isFinite(nearest) || !Number.isFinite(actual) || Number.isNaN(exact)) {
      // Only the last finite number may stand for an overflow, and an infinity for what just does not overflow.
      return Math.abs(exact) > 3.4028234e38 && Math.abs(actual) > 3.4028234e38 ? 1 : Infinity
    }
    const exponent = Math.max(-126, Math.floor(Math.log2(Math.abs(exact))))
    return Math.abs(actual - exact) / 2 ** (exponent - 23)
  }

  it.each(functions)('%s is within 2 units in the last place', (_, op, exact) => {
    host.reset()
    const x = host.floats(BATCH)
    const y = host.floats(BATCH)
    const registers = [REGISTER.FULL, addressOf(x), REGISTER.FULL, addressOf(y)]
    const tape = host.ints([2, 1, 0, ...registers, op, 1, 0, 0, 0])
    const instruction = [OP.MAP, 5, 1, BATCH, addressOf(tape)]
    const run = host.ints(RUN.WORDS)
    const plan = host.ints(instruction)
    const words = new Uint32Array(x.buffer, x.byteOffset, BATCH)
    let worst = 0
    let worstAt = 0
    for (let pattern = 0; pattern < 2 ** 32;) {
      for (let i = 0; i < BATCH; i++, pattern += 397) words[i] = pattern
      host.exports.execute(run.byteOffset, plan.byteOffset, instruction.length)
      for (let i = 0; i < BATCH; i++) {
        const distance = ulps(at(y, i), exact(at(x, i)))
        if (distance > worst) {
          worst = distance
          worstAt = at(x, i)
        }
      }
    }
    expect(worst, `at ${worstAt}`).toBeLessThanOrEqual(2)
    expect(host.guardsHold()).toBe(true)
  })
})

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
      const columns = Array.from({ length: outer * inner }, (_, e) =>
        column(Math.floor(e / inner), e % inner),
      )
      const add =
        inner === 1 ? laneSum : (values: Float32Array) => values.reduce((a, b) => f(a + b))
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
            expect(Math.abs(at(logSoft, r * cols + c) - (shifted - Math.log(total)))).toBeLessThan(
              1e-5,
            )
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
      expect(
        host.execute(OP.COPY, to, source, size, rank, ...extents, ...toStrides, ...strides),
      ).toBe(0)
      const expected = Array.from({ length: count }, (_, index) => {
        const place = extents.map(
          (extent, axis) => Math.floor(index / at(toStrides, axis)) % extent,
        )
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
      const cast = (
        to: ArrayBufferView,
        source: ArrayBufferView,
        type: number,
        sourceType: number,
      ): void => {
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
      expect([...back]).toEqual([...ints].map(f))
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

  it('GATHER_BATCH takes the rows of the run', () => {
    const property = fc.property(
      fc.integer({ min: 1, max: 70 }),
      fc.integer({ min: 1, max: 9 }),
      fc.nat(),
      (width, rows, seed) => {
        host.reset()
        const next = testNumbers(seed)
        const values = Array.from({ length: 20 * width }, () => Math.floor(next() * 256))
        const indices = host.ints(Array.from({ length: rows }, () => Math.floor(next() * 20)))
        const run = host.ints(RUN.WORDS)
        run[RUN.INDICES] = addressOf(indices)
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
          expect(host.executeAll(words, run)).toBe(0)
          expect([...to]).toEqual(expected)
        }
        expect(host.guardsHold()).toBe(true)
      },
    )
    fc.assert(property, { numRuns: 50 })
  })

  it('GATHER_ROWS clamps, SCATTER_ADD leaves out', () => {
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
        expect(
          host.execute(OP.GATHER_ROWS, gathered, table, indices, list.length, width, rows),
        ).toBe(0)
        const row = (index: number): Float32Array =>
          table.subarray(index * width, (index + 1) * width)
        expect([...gathered]).toEqual(
          list.flatMap((index) => [...row(Math.min(rows - 1, Math.max(0, index)))]),
        )
        const added = host.floats(rows * width)
        expect(
          host.execute(OP.SCATTER_ADD, added, gathered, indices, list.length, width, rows),
        ).toBe(0)
        const expected = new Float32Array(rows * width)
        for (const [i, index] of list.entries()) {
          for (let c = 0; c < width && index >= 0 && index < rows; c++) {
            expected[index * width + c] =
              at(expected, index * width + c) + at(gathered, i * width + c)
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
        const expected = list.flatMap((label) =>
          Array.from({ length: depth }, (_, c) => Number(c === label)),
        )
        const to = host.floats(list.length * depth)
        expect(host.execute(OP.ONE_HOT, to, host.ints(list), DTYPE.i32, list.length, depth)).toBe(0)
        expect([...to]).toEqual(expected)
        const bytes = host.bytes(list)
        expect(host.execute(OP.ONE_HOT, to, bytes, DTYPE.u8, list.length, depth)).toBe(0)
        expect([...to]).toEqual(
          [...bytes].flatMap((label) =>
            Array.from({ length: depth }, (_, c) => Number(c === label)),
          ),
        )
        expect(host.guardsHold()).toBe(true)
      },
    )
    fc.assert(property)
  })
})

type Four = [number, number, number, number]

/** Philox4x32-10 as its authors define it. */
function philox(counter: Four, key: [number, number]): Four {
  let [c0, c1, c2, c3] = counter
  let [k0, k1] = key
  const wide = (a: number, b: number): [high: number, low: number] => {
    const product = BigInt(a) * BigInt(b)
    return [Number(product >> 32n), Number(product & 0xffffffffn)]
  }
  for (let round = 0; round < 10; round++) {
    const [high0, low0] = wide(0xd2511f53, c0)
    const [high2, low2] = wide(0xcd9e8d57, c2)
    ;[c0, c1, c2, c3] = [(high2 ^ c1 ^ k0) >>> 0, low2, (high0 ^ c3 ^ k1) >>> 0, low0]
    k0 = (k0 + 0x9e3779b9) >>> 0
    k1 = (k1 + 0xbb67ae85) >>> 0
  }
  return [c0, c1, c2, c3]
}

function shuffled(rows: readonly number[], seed: number, epoch: number): number[] {
  const result = [...rows]
  for (let i = result.length - 1; i > 0; i--) {
    const word = philox([Math.floor(i / 4), epoch, 0, 0], [seed >>> 0, 0x790c294e])[i % 4] ?? 0
    const other = Number((BigInt(word) * BigInt(i + 1)) >> 32n)
    ;[result[i], result[other]] = [at(result, other), at(result, i)]
  }
  return result
}

describe('random', () => {
  it('the test twin of Philox gives the known answers of Random123', () => {
    expect(philox([0, 0, 0, 0], [0, 0])).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8])
    const ones = 0xffffffff
    expect(philox([ones, ones, ones, ones], [ones, ones])).toEqual([
      0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd,
    ])
    const pi: Four = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344]
    expect(philox(pi, [0xa4093822, 0x299f31d0])).toEqual([
      0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1,
    ])
  })

  const draw = (
    count: number,
    distribution: number,
    purpose: number,
    seed: number,
    step: number,
  ): Float32Array => {
    const to = host.floats(count)
    expect(
      host.execute(
        OP.RANDOM,
        to,
        count,
        distribution,
        purpose,
        host.ints([seed]),
        host.ints([step]),
      ),
    ).toBe(0)
    expect(host.guardsHold()).toBe(true)
    return to
  }
  const word = fc.nat({ max: 0xffffffff })

  it('uniform numbers are the words of the counter', () => {
    const property = fc.property(
      fc.integer({ min: 1, max: 70 }),
      word,
      word,
      word,
      (count, purpose, seed, step) => {
        host.reset()
        const expected = Float32Array.from({ length: count }, (_, e) => {
          const words = philox([Math.floor(e / 4), step, 0, 0], [seed, purpose])
          return (at(words, e % 4) >>> 8) / 2 ** 24
        })
        expectSameBits(draw(count, 0, purpose, seed, step), expected)
      },
    )
    fc.assert(property)
  })

  it('normal numbers follow their polynomial bit by bit', () => {
    host.reset()
    const count = 20000
    const actual = draw(count, 1, 77, 12345, 6)
    const expected = Float32Array.from({ length: count }, (_, e) => {
      const words = philox([Math.floor(e / 4), 6, 0, 0], [12345, 77])
      return normalOf(at(words, e % 4))
    })
    expectSameBits(actual, expected)
    const mean = actual.reduce((sum, x) => sum + x, 0) / count
    const variance = actual.reduce((sum, x) => sum + x * x, 0) / count
    expect(Math.abs(mean)).toBeLessThan(0.03)
    expect(Math.abs(variance - 1)).toBeLessThan(0.04)
  })
})

/** The logarithm of numeric.h for positive numbers that are not denormal. */
function logOf(x: number): number {
  const words = new Uint32Array(Float32Array.of(x).buffer)
  const [pattern = 0] = words
  let e = (pattern >>> 23) - 126
  words[0] = (pattern & 0x7fffff) | 0x3f000000
  let [m = 0] = new Float32Array(words.buffer)
  if (m < f(0.70710677)) {
    e -= 1
    m = f(m + m)
  }
  const x1 = f(m - 1)
  const z = f(x1 * x1)
  const rest = [
    -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
  ]
  const coefficients = [...rest, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1]
  const p = coefficients.reduce((sum, c) => f(f(sum * x1) + f(c)), f(7.0376836292e-2))
  let y = f(f(p * x1) * z)
  y = f(y + f(e * f(-2.1219444e-4)))
  y = f(y - f(0.5 * z))
  return f(f(x1 + y) + f(e * f(0.693359375)))
}

function normalOf(word: number): number {
  const x = f((2 * (word >>> 9) + 1 - 2 ** 23) / 2 ** 23)
  const w = f(-logOf(f(f(1 - x) * f(1 + x))))
  const horner = (at: number, [first = 0, ...rest]: number[]): number =>
    rest.reduce((sum, c) => f(f(c) + f(sum * at)), f(first))
  const central = [
    2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 0.00021858087, -0.00125372503,
    -0.00417768164, 0.246640727, 1.50140941,
  ]
  const tail = [
    -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613,
    0.00943887047, 1.00167406, 2.83297682,
  ]
  const p = w < 5 ? horner(f(w - 2.5), central) : horner(f(f(Math.sqrt(w)) - 3), tail)
  return f(f(1.41421356237) * f(p * x))
}

describe('run', () => {
  const EXAMPLES = 23
  const BATCH = 5

  /** A run whose program sums the batch's one-column field into a result, over rows 100 .. 122 in some order. */
  function prepare(options: { order?: boolean; tail?: boolean; seed?: number } = {}) {
    host.reset()
    const field = host.floats(Array.from({ length: 200 }, (_, row) => row))
    const rows = host.ints(Array.from({ length: EXAMPLES }, (_, i) => 100 + i))
    const run = host.ints(new Array<number>(RUN.WORDS).fill(0))
    const indices = host.ints(BATCH)
    const stepInput = host.ints(1)
    const seedInput = host.ints(1)
    const batch = host.floats(BATCH)
    const loss = host.floats(1)
    const tailLoss = host.floats(1)
    const total = host.doubles(1)
    const last = host.floats(1)
    const result = host.ints(RESULT.WORDS)
    result.set([1, addressOf(loss), addressOf(tailLoss), addressOf(total), addressOf(last)])
    const program = (size: number, to: Float32Array): Int32Array =>
      host.ints([
        ...[OP.GATHER_BATCH, 8, addressOf(batch), addressOf(field), DTYPE.f32, DTYPE.f32, 1, size],
        ...[OP.SUM, 7, addressOf(to), addressOf(batch), 1, size, 1],
        ...[OP.GUARD, 3, addressOf(to)],
      ])
    const full = program(BATCH, loss)
    const tail = program(EXAMPLES % BATCH, tailLoss)
    const order = host.ints(EXAMPLES)
    const words: Partial<Record<keyof typeof RUN, number>> = {
      VERSION: 1,
      SEED: options.seed ?? 0,
      ROWS: addressOf(rows),
      ORDER: options.order ? addressOf(order) : 0,
      ORDER_EPOCH: -1,
      NUM_EXAMPLES: EXAMPLES,
      BATCH_SIZE: BATCH,
      INDICES: addressOf(indices),
      STEP_INPUT: addressOf(stepInput),
      SEED_INPUT: addressOf(seedInput),
      PROGRAM: addressOf(full),
      PROGRAM_WORDS: full.length,
      TAIL: options.tail ? addressOf(tail) : 0,
      TAIL_WORDS: tail.length,
      NUM_RESULTS: 1,
      RESULTS: addressOf(result),
    }
    for (const [name, value] of Object.entries(words)) run[RUN[name as keyof typeof RUN]] = value
    const lastLoss = new Float32Array(run.buffer, run.byteOffset + 4 * RUN.LAST_LOSS, 1)
    return { run, field, rows, order, indices, stepInput, seedInput, total, last, lastLoss }
  }
  const steps = (run: Int32Array, count: number): number => host.exports.run(run.byteOffset, count)
  const sumOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
  const rowNumbers = Array.from({ length: EXAMPLES }, (_, i) => 100 + i)

  it('visits rows as they stand, the shorter last batch included', () => {
    const { run, total, last, lastLoss, stepInput } = prepare({ tail: true })
    expect(steps(run, 5)).toBe(0)
    expect(run[RUN.STATUS]).toBe(0)
    expect(run[RUN.STEP]).toBe(5)
    expect(run[RUN.EXAMPLES]).toBe(EXAMPLES)
    expect(stepInput[0]).toBe(4)
    const batches = [0, 5, 10, 15, 20].map((start) => rowNumbers.slice(start, start + BATCH))
    expect(total[0]).toBe(sumOf(batches.map((batch) => sumOf(batch) * batch.length)))
    expect(last[0]).toBe(120 + 121 + 122)
    expect(lastLoss[0]).toBe(120 + 121 + 122)
    expect(steps(run, 1)).toBe(0)
    expect(run[RUN.EXAMPLES]).toBe(BATCH)
    expect(total[0]).toBe(BATCH * (100 + 101 + 102 + 103 + 104))
    run[RUN.CONTINUE] = 1
    steps(run, 1)
    expect(run[RUN.EXAMPLES]).toBe(2 * BATCH)
    expect(total[0]).toBe(BATCH * sumOf(rowNumbers.slice(0, 10)))
    expect(host.guardsHold()).toBe(true)
  })

  it('leaves the last rows out where there is no program for them', () => {
    const { run, total } = prepare()
    steps(run, 5)
    expect(total[0]).toBe(BATCH * (sumOf(rowNumbers.slice(0, 20)) + sumOf(rowNumbers.slice(0, 5))))
  })

  it('visits each epoch in an order of its own', () => {
    for (const seed of [0, 1, -7]) {
      const { run, order, indices, seedInput } = prepare({ order: true, tail: true, seed })
      for (let epoch = 0; epoch < 3; epoch++) {
        const expected = shuffled(rowNumbers, seed, epoch)
        const visited: number[] = []
        for (let step = 0; step < 5; step++) {
          expect(steps(run, 1)).toBe(0)
          visited.push(...indices.subarray(0, step === 4 ? EXAMPLES % BATCH : BATCH))
        }
        expect([...order]).toEqual(expected)
        expect(visited).toEqual(expected)
        expect([...visited].sort((a, b) => a - b)).toEqual(rowNumbers)
        expect(seedInput[0]).toBe(seed)
      }
      run[RUN.STEP] = 7 // as when resumed: the order is that of the step's epoch
      steps(run, 1)
      expect([...order]).toEqual(shuffled(rowNumbers, seed, 1))
      expect(host.guardsHold()).toBe(true)
    }
  })

  it('stops before its next step', () => {
    const { run } = prepare()
    steps(run, 2)
    run[RUN.STOP] = 1
    expect(steps(run, 5)).toBe(1)
    expect(run[RUN.STATUS]).toBe(1)
    expect(run[RUN.STEP]).toBe(2)
  })

  it('ends at a result that is not finite, and does not count it', () => {
    const { run, field, lastLoss, total } = prepare()
    field[112] = NaN
    expect(steps(run, 5)).toBe(2)
    expect(run[RUN.STATUS]).toBe(2)
    expect(run[RUN.STEP]).toBe(2)
    expect(lastLoss[0]).toBe(105 + 106 + 107 + 108 + 109)
    expect(total[0]).toBe(BATCH * sumOf(rowNumbers.slice(0, 10)))
    expect(run[RUN.EXAMPLES]).toBe(2 * BATCH)
  })

  it('refuses another version, an unknown instruction, and an epoch without a step', () => {
    const { run } = prepare()
    run[RUN.VERSION] = 99
    expect(steps(run, 1)).toBe(3)
    run[RUN.VERSION] = 1
    run[RUN.BATCH_SIZE] = EXAMPLES + 1
    expect(steps(run, 1)).toBe(3)
    expect(run[RUN.STATUS]).toBe(3)
    expect(host.execute(99, 0)).toBe(3)
  })
})

describe('stack', () => {
  it('needs no more than plan.h says', () => {
    host.reset()
    const [m, n, k] = [70, 90, 300]
    const count = m * n
    // A tape of as many registers as there may be, of kinds that take memory of the tape's own.
    const registers = [REGISTER.PRODUCT, 0]
    for (let r = 1; r < TAPE.MAX_REGISTERS; r++) {
      if (r <= TAPE.MAX_TEMPS) registers.push(REGISTER.TEMP, r - 1)
      else if (r % 2 === 0) registers.push(REGISTER.ROW, addressOf(host.floats(n)))
      else registers.push(REGISTER.COL, addressOf(host.floats(m)))
    }
    const ops = Array.from({ length: TAPE.MAX_REGISTERS }, (_, r) => [
      MICRO.ADD,
      1 + (r % TAPE.MAX_TEMPS),
      0,
      r,
      0,
    ])
    const tape = host.ints([TAPE.MAX_REGISTERS, ops.length, 0, ...registers, ...ops.flat()])
    const scratch = host.bytes(host.exports.matmul_scratch(m, n, k, MATMUL.TRANSPOSE_B, 0, 1))
    const matmul = [
      OP.MATMUL,
      11,
      0,
      addressOf(host.floats(m * k)),
      addressOf(host.floats(n * k)),
      m,
      n,
      k,
    ]
    const random = host.floats(count)
    const seed = addressOf(host.ints(1))
    const words = [
      ...[...matmul, MATMUL.TRANSPOSE_B, addressOf(scratch), addressOf(tape)],
      ...[OP.MAP, 5, m, n, addressOf(host.ints([1, 0, 0, REGISTER.FULL, addressOf(random)]))],
      ...[OP.LOG_SOFTMAX, 6, addressOf(random), addressOf(random), m, n],
      ...[OP.RANDOM, 8, addressOf(random), count, 1, 5, seed, seed],
    ]
    const pointer = host.exports.__stack_pointer
    const usual = pointer.value
    const below = host.bytes(2 * STACK_BYTES).fill(0x33)
    pointer.value = addressOf(below) + below.length
    expect(host.executeAll(words)).toBe(0)
    pointer.value = usual
    const used = below.length - below.findIndex((byte) => byte !== 0x33)
    expect(used).toBeGreaterThan(1000)
    expect(used).toBeLessThan(STACK_BYTES)
    expect(host.guardsHold()).toBe(true)
  })
})

describe('instances', () => {
  it('of several threads share a memory and leave it as it is', async () => {
    host.reset()
    const marked = host.bytes(Uint8Array.from({ length: 1 << 20 }, (_, i) => i & 255))
    const code = `
      const { parentPort, workerData: { module, memory, run, plan, words, stackTop } } = require('node:worker_threads')
      const { exports } = new WebAssembly.Instance(module, { env: { memory } })
      exports.__stack_pointer.value = stackTop
      parentPort.postMessage(exports.execute(run, plan, words))`
    const results = [1, 2, 3].map((seed) => {
      const to = host.floats(1000)
      const plan = host.ints([
        OP.RANDOM,
        8,
        addressOf(to),
        1000,
        1,
        5,
        addressOf(host.ints([seed])),
        addressOf(host.ints([0])),
      ])
      const run = host.ints(RUN.WORDS)
      const stackTop = host.allocate(1 << 18) + (1 << 18)
      const workerData = {
        module: host.module,
        memory: host.memory,
        run: addressOf(run),
        plan: addressOf(plan),
        words: plan.length,
        stackTop,
      }
      const worker = new Worker(code, { eval: true, workerData })
      const done = new Promise((resolve, reject) => {
        worker.once('message', resolve)
        worker.once('error', reject)
      })
      return { to, done, plan }
    })
    for (const { to, done, plan } of results) {
      expect(await done).toBe(0)
      const actual = Float32Array.from(to)
      host.executeAll([...plan])
      expectSameBits(actual, Float32Array.from(to))
    }
    expect(marked.every((byte, i) => byte === (i & 255))).toBe(true)
    expect(host.guardsHold()).toBe(true)
  })
})

/** The sum of contiguous elements as plan.h defines it: 16 lanes, folded in halves. */
function laneSum(values: ArrayLike<number>): number {
  const lanes = new Float32Array(16)
  for (let i = 0; i < values.length; i++) lanes[i % 16] = at(lanes, i % 16) + f(at(values, i))
  for (let width = 8; width >= 1; width /= 2) {
    for (let lane = 0; lane < width; lane++) lanes[lane] = at(lanes, lane) + at(lanes, lane + width)
  }
  return at(lanes, 0)
}
