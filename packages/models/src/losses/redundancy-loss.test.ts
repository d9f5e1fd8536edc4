import { describe, expect, test } from 'vitest'
import { compute, gradients, type Operand } from '../testing/compute.js'
import { wave } from '../testing/describe-layer.js'
import { redundancyLoss } from './redundancy-loss.js'

const [batch, features, weight] = [6, 3, 0.25]
const matrix = (seed: number): Operand => ({
  shape: [batch, features],
  values: wave(batch * features, seed),
})
const column = ({ values }: Operand, feature: number) => values.filter((_, i) => i % features === feature)

/** Pearson's correlation with 1e-4 added to both variances. */
function correlation(x: readonly number[], y: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length
  const covariance = (a: readonly number[], b: readonly number[]) =>
    mean(a.map((value, i) => (value - mean(a)) * ((b[i] ?? NaN) - mean(b))))
  return covariance(x, y) / Math.sqrt((covariance(x, x) + 1e-4) * (covariance(y, y) + 1e-4))
}

function expected(one: Operand, other: Operand): number {
  let loss = 0
  for (let i = 0; i < features; i++) {
    for (let j = 0; j < features; j++) {
      const c = correlation(column(one, i), column(other, j))
      loss += (i === j ? (1 - c) ** 2 : weight * c ** 2) / features
    }
  }
  return loss
}

describe('redundancyLoss', () => {
  const loss = (one: Operand, other: Operand) => compute([one, other], (a, b) => redundancyLoss(a, b, weight))[0] ?? NaN

  test('is that of the correlations', () => {
    for (const seed of [1, 2, 3]) {
      const [one, other] = [matrix(seed), matrix(seed + 10)]
      expect(loss(one, other)).toBeCloseTo(expected(one, other), 10)
    }
  })

  test('is 0 for views that agree in features without correlation', () => {
    const view: Operand = { shape: [4, 3], values: [1, 1, 1, -1, 1, -1, 1, -1, -1, -1, -1, 1] }
    expect(loss(view, view)).toBeCloseTo(0, 6)
  })

  test('has a gradient that is finite where a feature is constant', () => {
    const constant: Operand = { shape: [batch, features], values: Array<number>(18).fill(0.5) }
    const [gradient = []] = gradients([constant, matrix(1)], (a, b) => redundancyLoss(a, b, weight))
    expect(gradient.every(Number.isFinite)).toBe(true)
    expect(gradient.some((value) => value !== 0)).toBe(true)
  })

  test('refuses views of different shapes', () => {
    const narrow: Operand = { shape: [batch, 1], values: wave(batch, 1) }
    expect(() => loss(matrix(1), narrow)).toThrow('redundancyLoss: the output is f32[6, 3] and the target f32[6, 1]')
  })

  test('refuses what is not a matrix', () => {
    const vector: Operand = { shape: [4], values: [1, 2, 3, 4] }
    expect(() => loss(vector, vector)).toThrow('redundancyLoss: features must be [batch, features], not f32[4]')
    const cube: Operand = { shape: [2, 2, 2], values: [1, 2, 3, 4, 5, 6, 7, 8] }
    expect(() => loss(cube, cube)).toThrow('redundancyLoss: features must be [batch, features], not f32[2, 2, 2]')
  })
})
