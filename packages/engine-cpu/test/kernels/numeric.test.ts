/** exp, log, log1p, tanh, sigmoid, sin, cos, erf and pow, within 2 units in the last place of the exact value. */
import { describe, expect, it } from 'vitest'
import { MICRO, OP, REGISTER, EXEC } from '../../src/instructions.js'
import { KernelHost, addressOf, at, expectSameBits, testNumbers } from '../../src/testing/kernel-host.js'

const host = new KernelHost()
const f = Math.fround

/** 0 where it would be a denormal number. */
const exponential = (x: number): number => (x < f(-87.33654) ? 0 : Math.exp(x))

/** By its series of terms of one sign (Abramowitz and Stegun, 7.1.6). */
function errorFunction(x: number): number {
  if (!(Math.abs(x) < 6)) return Math.sign(x)
  let term = x
  let sum = x
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1)
    sum += term
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
}

describe('elementary functions', () => {
  const BATCH = 1 << 18
  const functions: [string, number, (x: number) => number][] = [
    ['EXP', MICRO.EXP, exponential],
    ['LOG', MICRO.LOG, Math.log],
    ['LOG1P', MICRO.LOG1P, Math.log1p],
    ['TANH', MICRO.TANH, Math.tanh],
    ['SIN', MICRO.SIN, Math.sin],
    ['COS', MICRO.COS, Math.cos],
    ['ERF', MICRO.ERF, errorFunction],
    ['SIGMOID', MICRO.SIGMOID, (x) => (x < 0 ? exponential(x) / (1 + exponential(x)) : 1 / (1 + Math.exp(-x)))],
  ]
  /** The distance of a f32 from the exact value, in units of the exact value's last place. */
  const ulps = (actual: number, exact: number): number => {
    const nearest = f(exact)
    if (Object.is(actual, nearest) || (Number.isNaN(actual) && Number.isNaN(nearest))) return 0
    if (!Number.isFinite(nearest) || !Number.isFinite(actual) || Number.isNaN(exact)) {
      // Only the last finite number may stand for an overflow, and an infinity for what just does
      // not overflow.
      return Math.abs(exact) > 3.4028234e38 && Math.abs(actual) > 3.4028234e38 ? 1 : Infinity
    }
    const exponent = Math.max(-126, Math.floor(Math.log2(Math.abs(exact))))
    return Math.abs(actual - exact) / 2 ** (exponent - 23)
  }

  it.each(functions)('%s is within 2 units in the last place', { timeout: 60_000 }, (_, op, exact) => {
    host.reset()
    const x = host.floats(BATCH)
    const y = host.floats(BATCH)
    const registers = [REGISTER.FULL, addressOf(x), REGISTER.FULL, addressOf(y)]
    const program = host.ints([2, 1, 0, ...registers, op, 1, 0, 0, 0])
    const instruction = [OP.MAP, 5, 1, BATCH, addressOf(program)]
    const exec = host.ints(EXEC.WORDS)
    const plan = host.ints(instruction)
    const words = new Uint32Array(x.buffer, x.byteOffset, BATCH)
    let worst = 0
    let worstAt = 0
    for (let pattern = 0; pattern < 2 ** 32;) {
      for (let i = 0; i < BATCH; i++, pattern += 397) words[i] = pattern
      host.exports.execute(exec.byteOffset, plan.byteOffset, instruction.length)
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

  /** a to the powers b, in the kernels. */
  const powers = (a: ArrayLike<number>, b: ArrayLike<number>): Float32Array => {
    host.reset()
    const y = host.floats(a.length)
    const full = (x: ArrayLike<number>) => [REGISTER.FULL, addressOf(host.floats(x))]
    const registers = [...full(a), ...full(b), REGISTER.FULL, addressOf(y)]
    host.execute(OP.MAP, 1, a.length, host.ints([3, 1, 0, ...registers, MICRO.POW, 2, 0, 1, 0]))
    return y
  }

  it('POW is within 1 unit in the last place, from the smallest to the largest results', () => {
    const next = testNumbers(1)
    const a = Float32Array.from({ length: BATCH }, (_, i) => 2 ** (60 * (next() - 0.5) * next() ** (i % 8)))
    const b = a.map((base) => (130 * (2 * next() - 1)) / Math.max(1e-3, Math.abs(Math.log2(base))))
    const y = powers(a, b)
    let worst = 0
    a.forEach((base, i) => {
      const exact = base ** at(b, i)
      worst = Math.max(worst, ulps(at(y, i), exact < 2 ** -126 ? 0 : exact))
    })
    expect(worst).toBeLessThanOrEqual(1)
  })

  it('POW has the special values of IEEE 754', () => {
    const special = [
      0,
      -0,
      1,
      -1,
      2,
      -2,
      0.5,
      -0.5,
      3,
      -3,
      1.5,
      -1.5,
      Infinity,
      -Infinity,
      NaN,
      2 ** 25,
      1e-40,
      16777215,
    ]
    const pairs = special.flatMap((a) => special.map((b) => [f(a), b] as const))
    const y = powers(
      pairs.map(([a]) => a),
      pairs.map(([, b]) => b),
    )
    const flushed = (x: number) => (Math.abs(x) < 2 ** -126 ? x * 0 : x)
    const exact = pairs.map(([a, b]) => (a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : flushed(f(a ** b))))
    expectSameBits(y, Float32Array.from(exact))
  })
})
