/** Against scikit-learn and SciPy: tools/oracles/metrics_sklearn.json has the matrices and the figures. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { adjustedRandIndex, clusterAccuracy, normalizedMutualInformation, type Counts } from './confusion.js'

interface Oracle {
  readonly expected: {
    readonly few: readonly {
      readonly counts: Counts
      readonly scores: Readonly<Record<'accuracy' | 'nmi' | 'ari', number>>
    }[]
  }
}

const oracleFile = new URL('../../../../tools/oracles/metrics_sklearn.json', import.meta.url)
const { few } = (JSON.parse(readFileSync(oracleFile, 'utf8')) as Oracle).expected

const scoresOf = (counts: Counts) => ({
  accuracy: clusterAccuracy(counts),
  nmi: normalizedMutualInformation(counts),
  ari: adjustedRandIndex(counts),
})

/** Matrices of the same scores. */
const alike: readonly [name: string, of: (counts: Counts) => Counts][] = [
  ['as it is', (counts) => counts],
  ['in reverse', (counts) => counts.toReversed().map((row) => row.toReversed())],
  ['with a class and a cluster that have no examples', (counts) => transposed([[], ...transposed([[], ...counts])])],
  ['with classes and clusters exchanged', transposed],
]

/** A row that ends early has no examples where it has no number. */
function transposed(counts: Counts): Counts {
  const columns = Math.max(...counts.map((row) => row.length))
  return Array.from({ length: columns }, (_, column) => counts.map((row) => row[column] ?? 0))
}

describe.each(alike)('a confusion matrix %s', (_, of) => {
  test.each(few)('$counts', ({ counts, scores }) => {
    const { accuracy, nmi, ari } = scoresOf(of(counts))
    expect(accuracy).toBeCloseTo(scores.accuracy, 12)
    expect(nmi).toBeCloseTo(scores.nmi, 12)
    expect(ari).toBeCloseTo(scores.ari, 12)
  })
})

test.each([{ counts: [] }, { counts: [[0]] }, { counts: [[0, 0, 0]] }, { counts: [[NaN]] }, { counts: [[NaN, 1]] }])(
  '$counts has no scores',
  ({ counts }) => {
    expect(scoresOf(counts)).toEqual({ accuracy: NaN, nmi: NaN, ari: NaN })
  },
)

test('rounding makes no mutual information negative', () => {
  const nearlyIndependent = [
    [8208, 31805],
    [4100, 15887],
  ]
  expect(normalizedMutualInformation(nearlyIndependent)).toBe(0)
})
