/** Metrics against scikit-learn: tools/oracles/metrics_sklearn.json has the examples and its figures, in float64. */
import { readFileSync } from 'node:fs'
import type { Metric, Tensor } from '@gradpool/core'
import { describe, expect, test } from 'vitest'
import { judge, type ExampleField } from '../testing/judge.js'
import {
  accuracy,
  auc,
  calibrationError,
  confusionMatrix,
  f1,
  meanAbsoluteError,
  medianAbsoluteError,
  precision,
  r2,
  recall,
  rootMeanSquaredError,
} from '../index.js'

type Field = 'target' | 'output' | 'pairs' | 'guesses' | 'yes' | 'score' | 'label' | 'logits'

interface Oracle {
  readonly examples: Readonly<Record<Field, readonly number[]>>
  readonly expected: Readonly<Record<string, number>> & {
    readonly confusion: readonly (readonly number[])[]
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
