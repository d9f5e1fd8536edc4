/** The random numbers of the kernels are those of core, bit by bit. */
import { fillNormal, fillUniform } from '@gradpool/core/engine'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OP } from '../../src/instructions.js'
import { KernelHost, expectSameBits } from '../../src/testing/kernel-host.js'

const host = new KernelHost()

describe('random', () => {
  const draw = (count: number, distribution: number, purpose: number, seed: number, step: number): Float32Array => {
    const to = host.floats(count)
    expect(host.execute(OP.RANDOM, to, count, distribution, purpose, host.ints([seed]), host.ints([step]))).toBe(0)
    expect(host.guardsHold()).toBe(true)
    return to
  }
  const word = fc.nat({ max: 0xffffffff })

  it('uniform numbers are the words of the counter', () => {
    const property = fc.property(fc.integer({ min: 1, max: 70 }), word, word, word, (count, purpose, seed, step) => {
      host.reset()
      const expected = new Float32Array(count)
      fillUniform(expected, seed, purpose, step)
      expectSameBits(draw(count, 0, purpose, seed, step), expected)
    })
    fc.assert(property)
  })

  it('normal numbers follow their polynomial bit by bit', () => {
    host.reset()
    const count = 20000
    const actual = draw(count, 1, 77, 12345, 6)
    const expected = new Float32Array(count)
    fillNormal(expected, 12345, 77, 6)
    expectSameBits(actual, expected)
    const mean = actual.reduce((sum, x) => sum + x, 0) / count
    const variance = actual.reduce((sum, x) => sum + x * x, 0) / count
    expect(Math.abs(mean)).toBeLessThan(0.03)
    expect(Math.abs(variance - 1)).toBeLessThan(0.04)
  })
})
