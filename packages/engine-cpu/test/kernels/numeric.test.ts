/** exp, log, log1p, tanh and sigmoid, within 2 units in the last place of the exact value. */
import { describe, expect, it } from 'vitest'
import { MICRO, OP, REGISTER, EXEC } from '../../src/instructions.js'
import { KernelHost, addressOf, at } from '../../src/testing/kernel-host.js'

const host = new KernelHost()
const f = Math.fround

/** 0 where it would be a denormal number. */
const exponential = (x: number): number => (x < f(-87.33654) ? 0 : Math.exp(x))

describe('elementary functions', () => {
  const BATCH = 1 << 18
  const functions: [string, number, (x: number) => number][] = [
    ['EXP', MICRO.EXP, exponential],
    ['LOG', MICRO.LOG, Math.log],
    ['LOG1P', MICRO.LOG1P, Math.log1p],
    ['TANH', MICRO.TANH, Math.tanh],
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

  it.each(functions)('%s is within 2 units in the last place', (_, op, exact) => {
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
})
