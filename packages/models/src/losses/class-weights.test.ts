import { constant } from '@gradpool/core'
import { describe, expect, test } from 'vitest'
import { compute } from '../testing/compute.js'
import { balancedWeights, classWeights } from './class-weights.js'
import { crossEntropy } from './cross-entropy.js'

const logits = { shape: [4, 3], values: [2, 1, 0, -1, 0.5, 3, 0, 0, 0, 1, -2, 0.25] }
const labels = [0, 2, 1, 0]
const label = { shape: [4], values: labels, dtype: 'u8' } as const

describe('class weights', () => {
  test('balanced are those of scikit-learn', () => {
    // The example of its documentation: y = [1, 1, 1, 1, 0, 0].
    expect(balancedWeights([2, 4])).toEqual([1.5, 0.75])
    expect(balancedWeights([3, 0, 1])).toEqual([4 / 6, 0, 2])
  })

  test('weigh the rows of cross-entropy, of class numbers and of distributions alike', () => {
    const weights = [1, 4, 0.5]
    const logit = (row: number, c: number) => logits.values[3 * row + c] ?? NaN
    const losses = labels.map((own, row) => {
      const total = [0, 1, 2].reduce((sum, c) => sum + Math.exp(logit(row, c)), 0)
      return Math.log(total) - logit(row, own)
    })
    const own = labels.map((c) => weights[c] ?? NaN)
    const total = own.reduce((a, b) => a + b)
    const wanted = losses.reduce((sum, loss, row) => sum + loss * (own[row] ?? NaN), 0) / total
    const oneHot = { shape: [4, 3], values: labels.flatMap((own) => [0, 1, 2].map((c) => Number(c === own))) }
    for (const given of [label, oneHot]) {
      const [found] = compute([logits, given], (x, y) => crossEntropy(x, y, { weights: classWeights(y, weights) }))
      expect(found).toBeCloseTo(wanted, 6)
    }
  })

  test('a label that is none of the classes makes the loss NaN, one that is ignored does not', () => {
    const of = (options: { readonly ignoreLabel?: number }) =>
      compute([logits, { ...label, values: [0, 2, 9, 0] }], (x, y) =>
        crossEntropy(x, y, { weights: classWeights(y, [1, 2, 0], options), ...options }),
      )[0]
    expect(of({})).toBeNaN()
    expect(of({ ignoreLabel: 9 })).toBeGreaterThan(0)
  })

  test('refuse what does not fit', () => {
    const of = (weights: readonly number[]) => () => compute([logits, label], (_, y) => classWeights(y, weights))
    expect(of([1, -1, 0])).toThrow('classWeights must be numbers of at least 0, one for each class, and not all 0')
    expect(of([0, 0, 0])).toThrow('not all 0')
    expect(() => compute([logits], (x) => classWeights(x, [1, 2]))).toThrow(
      'classWeights: labels must be class numbers u8 or i32 [batch], or f32 [batch, 2], not f32[4, 3]',
    )
    expect(() => compute([logits], () => classWeights(constant([1, 2]), [1]))).toThrow('labels must be class numbers')
  })
})
