/** Draws of a code; the loss itself is held to PyTorch in torch.test.ts. */
import { constant, mean, square, sub, sum } from '@gradpool/core'
import { describe, expect, it } from 'vitest'
import { compute, gradients } from '../testing/compute.js'
import { negativeElbo, sampleGaussian } from './negative-elbo.js'

const count = 4096
const filled = (value: number) => ({ shape: [count, 2], values: Array.from({ length: 2 * count }, () => value) })
const operands = [filled(3), filled(Math.log(4))]

describe('sampleGaussian', () => {
  it('has the means and the variances that it is given', () => {
    const [average = NaN] = compute(operands, (m, v) => mean(sampleGaussian(given(m), given(v))))
    const [variance = NaN] = compute(operands, (m, v) => mean(square(sub(sampleGaussian(given(m), given(v)), 3))))
    // Three standard errors of 8192 draws.
    expect(Math.abs(average - 3)).toBeLessThan((3 * 2) / Math.sqrt(2 * count))
    expect(Math.abs(variance - 4)).toBeLessThan(3 * 4 * Math.sqrt(2 / (2 * count)))
  })

  it('has a gradient by the means of 1, and by the log-variances of half the deviation drawn', () => {
    const draws = compute(operands, (m, v) => sampleGaussian(given(m), given(v)))
    const [byMeans = [], byVariances = []] = gradients(operands, (m, v) => sum(sampleGaussian(given(m), given(v))), 2)
    expect(byMeans.every((gradient) => gradient === 1)).toBe(true)
    expect(byVariances).toHaveLength(draws.length)
    draws.forEach((draw, i) => expect(byVariances[i]).toBeCloseTo((draw - 3) / 2, 5))
  })
})

describe('negativeElbo', () => {
  it('refuses rows that are not as many', () => {
    const build = () => negativeElbo(constant(0, [2, 3]), constant(0, [2, 3]), constant(0, [1, 2]), constant(0, [1, 2]))
    expect(() => compute([], build)).toThrow(/logits and means must have as many rows, not f32\[2, 3\] and f32\[1, 2\]/)
  })
})

function given<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('an operand is missing')
  return value
}
