/** Pointwise programs and their micro-ops, bit by bit against plain loops. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MICRO, OP, REGISTER, POINTWISE } from '../../src/instructions.js'
import {
  KernelHost,
  addressOf,
  at,
  expectSameBits,
  laneSum,
  testFloats,
  testNumbers,
} from '../../src/testing/kernel-host.js'

const host = new KernelHost()
const f = Math.fround

describe('pointwise', () => {
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
    FLUSH_BELOW: (a, b) => (Math.abs(a) < b ? 0 : a),
    LESS: (a, b) => Number(a < b),
    LESS_EQUAL: (a, b) => Number(a <= b),
    EQUAL: (a, b) => Number(a === b),
  }
  const micro = (name: string): number => MICRO[name as keyof typeof MICRO]
  const special = [0, -0, 1, -1, Infinity, -Infinity, NaN, 2 ** -126, 2 ** -149, -(2 ** -130), 3.4e38, -3.4e38, 0.5, 2]
  /** Mostly ordinary numbers, some special, many equal to others. */
  const awkward = (count: number, seed: number): Float32Array => {
    const next = testNumbers(seed)
    return Float32Array.from({ length: count }, () => {
      const kind = next()
      if (kind < 0.2) return at(special, Math.floor(next() * special.length))
      return kind < 0.4 ? Math.round(next() * 6) - 3 : next() * 20 - 10
    })
  }
  const runProgram = (rows: number, cols: number, program: readonly number[]): void => {
    expect(host.execute(OP.MAP, rows, cols, host.ints(program))).toBe(0)
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
      runProgram(rows, cols, [2, 1, 0, ...registers, micro(name), 1, 0, 0, 0])
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
        runProgram(rows, cols, [4, 2, 0, ...registers, ...results, ...ops])
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
      runProgram(rows, cols, [4, 1, 0, ...registers, MICRO.SELECT, 3, 0, 1, 2])
      expectSameBits(
        to,
        condition.map((c, i) => (c !== 0 ? at(a, i) : at(b, i % cols))),
      )
    })
    fc.assert(property, { numRuns: 30 })
  })

  it('sums the columns of each part from its first row to its last', () => {
    const property = fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 16 }),
      fc.nat(),
      (rowsOfPart, parts, vectors, seed) => {
        host.reset()
        const rows = parts * rowsOfPart
        const cols = vectors * POINTWISE.LANES
        const x = host.floats(awkward(rows * cols, seed))
        const sums = host.floats(parts * cols)
        // Of x, and of its negative.
        const others = host.floats(parts * cols)
        const program = [2, 1, 2, REGISTER.FULL, addressOf(x), REGISTER.TEMP, 0, MICRO.NEG, 1, 0, 0, 0]
        runProgram(rows, cols, [...program, 0, addressOf(sums), cols, parts, 1, addressOf(others), cols, parts])
        const columns = Array.from({ length: parts * cols }, (_, sum) => {
          const part = x.subarray(Math.floor(sum / cols) * rowsOfPart * cols).subarray(0, rowsOfPart * cols)
          return part.filter((_, i) => i % cols === sum % cols)
        })
        const summed = (values: Float32Array) =>
          values.subarray(1).reduce((sum, value) => f(sum + value), at(values, 0))
        expectSameBits(sums, Float32Array.from(columns, summed))
        expectSameBits(
          others,
          Float32Array.from(columns, (values) => summed(values.map((value) => -value))),
        )
      },
    )
    fc.assert(property, { numRuns: 100 })
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
      // t0 = x + row; x = t0 * x (in place, read and written under two names); t1 = x - t0; sums of
      // x and t1
      const program = [5, 3, 2, REGISTER.FULL, addressOf(x), REGISTER.ROW, addressOf(row), REGISTER.TEMP, 0]
      program.push(REGISTER.TEMP, 1, REGISTER.FULL, addressOf(x))
      program.push(MICRO.ADD, 2, 0, 1, 0, MICRO.MUL, 4, 2, 0, 0, MICRO.SUB, 3, 0, 2, 0)
      program.push(4, address, 1, 1, 3, address + 4, 1, 1)
      runProgram(rows, cols, program)
      const t0 = before.map((value, i) => value + at(row, i % cols))
      const product = before.map((value, i) => at(t0, i) * value)
      expectSameBits(x, product)
      expectSameBits(sums, Float32Array.of(laneSum(product), laneSum(product.map((p, i) => p - at(t0, i)))))
    })
    fc.assert(property, { numRuns: 100 })
  })

  it('ADAM has the bits of its formula, op by op', () => {
    const property = fc.property(cases, fc.boolean(), ({ rows, cols, seed }, inPlace) => {
      host.reset()
      const count = rows * cols
      const next = testNumbers(seed)
      const magnitudes = (): Float32Array =>
        Float32Array.from({ length: count }, () => (next() < 0.2 ? 2 ** -126 * (1 + next()) : next()))
      const w = host.floats(testFloats(count, seed))
      const m = host.floats(magnitudes())
      const v = host.floats(magnitudes())
      const g = host.floats(testFloats(count, seed + 2).map((value) => (value > 0.6 ? 1e-20 : value)))
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
      const flush = (value: number, least = 2 ** -126): number => (Math.abs(value) < least ? 0 : value)
      const mean = m.map((value, i) => flush(f(f(beta1 * value) + f(rest1 * at(g, i)))))
      const squares = g.map((value) => flush(value, 2 ** -58) ** 2)
      const variance = v.map((value, i) => flush(f(f(beta2 * value) + f(rest2 * at(squares, i)))))
      const weight = w.map((value, i) => {
        const denominator = f(f(f(Math.sqrt(at(variance, i))) * correction) + epsilon)
        return f(value - f(f(stepSize * flush(at(mean, i), 2 ** -111)) / denominator))
      })
      const results = inPlace ? [w, m, v] : [host.floats(count), host.floats(count), host.floats(count)]
      const registers = [...results, w, m, v, g].flatMap((array) => [REGISTER.FULL, addressOf(array)])
      for (let s = 0; s < 7; s++) registers.push(REGISTER.SCALAR, addressOf(scalars) + 4 * s)
      runProgram(rows, cols, [POINTWISE.ADAM_REGISTERS, 1, 0, ...registers, MICRO.ADAM, 0, 0, 0, 0])
      expectSameBits(results[0] ?? w, weight)
      expectSameBits(results[1] ?? w, mean)
      expectSameBits(results[2] ?? w, variance)
    })
    fc.assert(property, { numRuns: 60 })
  })
})
