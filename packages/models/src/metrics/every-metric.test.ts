/** What every metric promises: its direction, its shapes and the bounds of its options. */
import { constant, defineModel, type Metric, type Tensor } from '@gradpool/core'
import { evaluation } from '@gradpool/core/engine'
import { describe, expect, test } from 'vitest'
import { classWeights } from '../losses/class-weights.js'
import { compute, type Operand } from '../testing/compute.js'
import { accuracy, topKAccuracy } from './accuracy.js'
import { f1 } from './class-scores.js'
import { adjustedRandIndex, clusterAccuracy, clusteringScores, normalizedMutualInformation } from './clustering.js'
import { meanAbsoluteError } from './mean-absolute-error.js'
import { meanAbsolutePercentageError } from './mean-absolute-percentage-error.js'

const scores = { shape: [4, 3], values: [3, 2, 1, 1, 3, 2, 2, 1, 3, 3, 1, 2] }
const numbers = { shape: [4], values: [0, 1, 0, 2], dtype: 'i32' as const }

/** What a model that tells this metric says of it. */
function directionOf(metric: (output: Tensor, label: Tensor) => Tensor | Metric): string | undefined {
  const model = defineModel({
    params: {},
    step: () => {
      const label = constant(Int32Array.from(numbers.values), numbers.shape)
      return { loss: constant(0), told: metric(constant(scores.values, scores.shape), label) }
    },
  })
  const fields = { x: { dtype: 'f32' as const, shape: [1] } }
  const { metrics } = evaluation(model, { batchSize: 1, data: { fields, numExamples: 1 } })
  return metrics.find(({ name }) => name === 'told')?.direction
}

test.each<[string, (output: Tensor, label: Tensor) => Tensor | Metric, string]>([
  ['accuracy', (output, label) => accuracy(output, label), 'max'],
  ['topKAccuracy', (output, label) => topKAccuracy(output, label, 2), 'max'],
  ['f1', (output, label) => f1(output, label), 'max'],
  ['clusterAccuracy', (output, label) => clusterAccuracy(output, label), 'max'],
  ['adjustedRandIndex', (output, label) => adjustedRandIndex(output, label), 'max'],
  ['normalizedMutualInformation', (output, label) => normalizedMutualInformation(output, label), 'max'],
  ['meanAbsoluteError', (output) => meanAbsoluteError(output, output), 'min'],
  ['meanAbsolutePercentageError', (output) => meanAbsolutePercentageError(output, output), 'min'],
])('%s says which way is better', (_, metric, direction) => {
  expect(directionOf(metric)).toBe(direction)
})

describe('topKAccuracy', () => {
  const of = (k: number) => compute([scores, numbers], (x, y) => topKAccuracy(x, y, k))

  test.each([
    [1, 0.5],
    [2, 1],
    [3, 1],
  ])('of the largest %d', (k, share) => expect(of(k)).toEqual([share]))

  test.each([0, -1, 1.5, 4, NaN])('refuses a k of %d', (k) => {
    expect(() => of(k)).toThrow(`topKAccuracy: k must be a whole number from 1 to the 3 classes, not ${k}`)
  })
})

test.each([-1, 0.5, 3, NaN])('f1 refuses the class %d', (average) => {
  const of = () =>
    compute([scores, numbers], (x, y) => {
      f1(x, y, { average })
      return x
    })
  expect(of).toThrow(`f1: average must be 'macro', 'micro' or one of the 3 classes from 0 on, not ${average}`)
})

describe('meanAbsolutePercentageError', () => {
  const of = (output: number[], target: number[]) =>
    compute(
      [output, target].map((values) => ({ shape: [values.length], values })),
      (x, y) => meanAbsolutePercentageError(x, y),
    )

  test('is a share of the target, whatever its sign', () => expect(of([1.5, -3], [1, -2])).toEqual([0.5]))

  test('counts targets nearer to 0 than 2^-52 as that', () => {
    expect(of([2 ** -52], [0])).toEqual([1])
    expect(of([0], [-(2 ** -53)])).toEqual([0.5])
  })
})

describe('metrics of clusters', () => {
  const of = (clusters: Operand, labels: Operand, classes?: number) =>
    compute([clusters, labels], (x, y) => {
      clusterAccuracy(x, y, classes === undefined ? {} : { classes })
      return x
    })

  test.each([
    ['a vector', { shape: [12], values: scores.values }],
    ['three axes', { shape: [4, 3, 1], values: scores.values }],
  ])('refuse clusters of %s', (_, clusters) => {
    expect(() => of(clusters, numbers)).toThrow('clusterAccuracy: clusters must be [batch, clusters], not f32')
  })

  test.each([
    ['fewer rows', { shape: [3], values: [0, 1, 2], dtype: 'i32' as const }],
    ['three axes', { shape: [4, 1, 1], values: numbers.values }],
    ['numbers in two axes', { ...numbers, shape: [4, 1] }],
    ['numbers in three axes', { ...numbers, shape: [4, 1, 1] }],
    ['decimals', { shape: [4], values: numbers.values }],
  ])('refuse labels of %s', (_, labels) => {
    expect(() => of(scores, labels)).toThrow(
      'clusterAccuracy: labels must be class numbers u8[4] or i32[4], or f32[4, classes]',
    )
  })

  test.each([0, -1, 1.5, NaN])('refuse %d classes', (classes) => {
    expect(() => of(scores, numbers, classes)).toThrow(
      `clusterAccuracy: classes must be a whole number of at least 1, not ${classes}`,
    )
  })

  test('take one class', () => expect(of(scores, numbers, 1)).toEqual(scores.values))

  test('of two lists are those of a table of counts', () => {
    const { accuracy: share, nmi, ari } = clusteringScores([5, 5, 7, 7], [1, 1, 1, 9])
    expect(share).toBeCloseTo(0.75, 12)
    // sklearn.metrics: normalized_mutual_info_score and adjusted_rand_score of these lists.
    expect(nmi).toBeCloseTo(0.3437110184854508, 9)
    expect(ari).toBeCloseTo(0, 12)
  })
})

describe('classWeights', () => {
  test.each([
    ['infinite', [1, Infinity]],
    ['negative', [1, -1]],
    ['no numbers', [1, '2' as unknown as number]],
    ['all 0', [0, 0]],
  ])('refuses weights that are %s', (_, weights) => {
    expect(() => compute([numbers], (y) => classWeights(y, weights))).toThrow(
      'classWeights must be numbers of at least 0',
    )
  })

  test('weighs a row whose label does not count as 0', () => {
    expect(compute([numbers], (y) => classWeights(y, [2, 3, 4], { ignoreLabel: 1 }))).toEqual([2, 0, 2, 4])
  })

  test.each([
    { ...numbers, shape: [4, 1] },
    { ...scores, shape: [4, 3, 1] },
  ])('refuses labels of $shape', (labels) => {
    expect(() => compute([labels], (y) => classWeights(y, [1, 2, 3]))).toThrow(
      'classWeights: labels must be class numbers u8 or i32 [batch], or f32 [batch, 3]',
    )
  })
})
