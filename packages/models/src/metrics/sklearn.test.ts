/** Metrics against scikit-learn: tools/oracles/metrics_sklearn.json has the examples and its figures, in float64. */
import { readFileSync } from 'node:fs'
import type { Metric, Tensor } from '@gradpool/core'
import { describe, expect, test } from 'vitest'
import { judge, type ExampleField } from '../testing/judge.js'
import {
  accuracy,
  adjustedRandIndex,
  auc,
  balancedAccuracy,
  binaryCrossEntropy,
  calibrationError,
  clusterAccuracy,
  clusteringScores,
  confusionMatrix,
  crossEntropy,
  f1,
  meanAbsoluteError,
  meanAbsolutePercentageError,
  medianAbsoluteError,
  normalizedMutualInformation,
  precision,
  quantileLoss,
  r2,
  recall,
  rootMeanSquaredError,
  topKAccuracy,
} from '../index.js'

type Field =
  | ('target' | 'output' | 'pairs' | 'guesses' | 'yes' | 'score' | 'label' | 'logits')
  | ('often' | 'uneven' | 'kind' | 'clusters')

interface Oracle {
  readonly examples: Readonly<Record<Field, readonly number[]>>
  readonly expected: Readonly<Record<string, number>> & {
    readonly confusion: readonly (readonly number[])[]
    readonly few: readonly {
      readonly label: readonly number[]
      readonly cluster: readonly number[]
      readonly scores: Readonly<Record<'accuracy' | 'nmi' | 'ari', number>>
    }[]
  }
}

const oracleFile = new URL('../../../../tools/oracles/metrics_sklearn.json', import.meta.url)
const { examples, expected } = JSON.parse(readFileSync(oracleFile, 'utf8')) as Oracle
const field = (name: Field, rest: Partial<ExampleField> = {}): ExampleField => ({
  values: examples[name],
  shape: [],
  ...rest,
})
const years = { a: field('output'), b: field('target') }
const pairs = { a: field('guesses', { shape: [2] }), b: field('pairs', { shape: [2] }) }
const scored = { a: field('score'), b: field('yes') }
const classes = { a: field('logits', { shape: [4] }), b: field('label', { dtype: 'u8' }) }
/** Class 1 is never the largest, class 2 never occurs, class 4 neither. */
const uneven = { a: field('uneven', { shape: [5] }), b: field('often', { dtype: 'u8' }) }
const clustered = { a: field('clusters', { shape: [6] }), b: field('kind', { dtype: 'i32' }) }

type Case = [
  name: string,
  metric: (a: Tensor, b: Tensor) => Tensor | Metric,
  fields: Readonly<Record<'a' | 'b', ExampleField>>,
  /** Of what is computed from results of f32; exact in f64 otherwise. */
  digits: number,
]

const cases: readonly Case[] = [
  ['r2', r2, years, 12],
  ['r2Pairs', r2, pairs, 12],
  ['medianAbsoluteError', medianAbsoluteError, years, 12],
  ['medianAbsoluteErrorPairs', medianAbsoluteError, pairs, 12],
  ['auc', auc, scored, 12],
  ['calibrationError', calibrationError, classes, 6],
  ['meanAbsoluteError', meanAbsoluteError, years, 6],
  ['rootMeanSquaredError', rootMeanSquaredError, years, 6],
  ['accuracy', accuracy, classes, 6],
  ['precision', precision, classes, 6],
  ['recall', recall, classes, 6],
  ['f1', f1, classes, 6],
  ['precisionYes', precision, scored, 6],
  ['recallYes', recall, scored, 6],
  ['f1Yes', f1, scored, 6],
  ['meanAbsolutePercentageError', meanAbsolutePercentageError, years, 8],
  ['pinball', quantileLoss, years, 6],
  ['pinball10', (a, b) => quantileLoss(a, b, { quantile: 0.1 }), years, 6],
  ['logLoss', crossEntropy, classes, 6],
  ['logLossYes', binaryCrossEntropy, scored, 6],
  ['top1', (a, b) => topKAccuracy(a, b, 1), classes, 6],
  ['top2', (a, b) => topKAccuracy(a, b, 2), classes, 6],
  ['top3Uneven', (a, b) => topKAccuracy(a, b, 3), uneven, 6],
  ['balancedAccuracy', balancedAccuracy, classes, 6],
  ['balancedAccuracyUneven', balancedAccuracy, uneven, 6],
  ...Object.entries({ precision, recall, f1 }).flatMap(([name, metric]): Case[] => [
    [`${name}Uneven`, metric, uneven, 6],
    [`${name}UnevenMicro`, (a, b) => metric(a, b, { average: 'micro' }), uneven, 6],
    ...[0, 1, 2, 3, 4].map((c): Case => [`${name}Uneven${c}`, (a, b) => metric(a, b, { average: c }), uneven, 6]),
  ]),
  ['clusters_accuracy', clusterAccuracy, clustered, 12],
  ['clusters_nmi', normalizedMutualInformation, clustered, 12],
  ['clusters_ari', adjustedRandIndex, clustered, 12],
]

describe.each([37, 8, 1])('in batches of %d', (batchSize) => {
  test.each(cases)('%s is scikit-learn’s', (name, metric, fields, digits) => {
    const value = judge(fields, batchSize, ({ a, b }) => metric(a, b))
    expect(value).toBeCloseTo(expected[name] ?? NaN, digits)
  })

  test('the confusion matrix is scikit-learn’s, as counts', () => {
    const value = judge(classes, batchSize, ({ a, b }) => confusionMatrix(a, b))
    expect(value).toEqual(expected.confusion)
  })
})

test.each(expected.few)(
  'scores of the clusters $cluster of $label are scikit-learn’s',
  ({ label, cluster, scores }) => {
    const { accuracy, nmi, ari } = clusteringScores(label, cluster)
    expect(accuracy).toBeCloseTo(scores.accuracy, 12)
    expect(nmi).toBeCloseTo(scores.nmi, 12)
    expect(ari).toBeCloseTo(scores.ari, 12)
  },
)
