/** The corrected resampled t-test against SciPy's figures: tools/oracles/judging_sklearn.json. */
import type { Model } from '@gradpool/core'
import { describe, expect, it, test } from 'vitest'
import { readOracle } from '../testing/oracles.js'
import { compare } from './compare.js'
import type { CrossValidation } from './cross-validate.js'
import { twoSidedP } from './student.js'

interface Oracle {
  readonly twoSided: readonly { readonly degrees: number; readonly t: number[]; readonly p: number[] }[]
  readonly tTests: readonly {
    readonly folds: number
    readonly repeats: number
    readonly rows: number
    readonly first: readonly number[]
    readonly second: readonly number[]
    readonly difference: number
    readonly t: number
    readonly p: number
  }[]
}

const { twoSided, tTests } = readOracle('judging_sklearn.json') as Oracle

test.each(twoSided)('probabilities of $degrees degrees of freedom are SciPy’s', ({ degrees, t, p }) => {
  t.forEach((value, i) => {
    expect(twoSidedP(value, degrees)).toBeCloseTo(p[i] ?? NaN, 13)
    expect(twoSidedP(-value, degrees)).toBe(twoSidedP(value, degrees))
  })
  expect(twoSidedP(Infinity, degrees)).toBeCloseTo(0, 15)
})

type Classifier = Model<{
  readonly metrics: { readonly loss: number; readonly accuracy: number }
  readonly fields: 'image'
  readonly predictFields: 'image'
  readonly outputs: 'estimate'
}>

/** As if folds of equal size had these accuracies. */
function validated(accuracies: readonly number[], folds: number, rows: number): CrossValidation<Classifier> {
  const held = rows / folds
  return {
    folds: accuracies.map((accuracy, i) => ({
      repeat: 1 + Math.floor(i / folds),
      fold: 1 + (i % folds),
      rows: Int32Array.from({ length: held }, (_, row) => (i % folds) * held + row),
      trained: rows - held,
      epochs: 1,
      test: { loss: 1 - accuracy, accuracy },
    })),
    mean: { loss: NaN, accuracy: NaN },
    deviation: { loss: NaN, accuracy: NaN },
    rows: new Int32Array(rows),
    predictions: [],
  }
}

describe('a comparison', () => {
  it.each(tTests)('of $folds folds and $repeats repeats is SciPy’s', ({ folds, rows, first, second, ...expected }) => {
    const [a, b] = [validated(first, folds, rows), validated(second, folds, rows)]
    const found = compare(a, b, 'accuracy')
    expect(found.difference).toBeCloseTo(expected.difference, 12)
    expect(found.t).toBeCloseTo(expected.t, 10)
    expect(found.p).toBeCloseTo(expected.p, 12)
    expect(found.degreesOfFreedom).toBe(first.length - 1)
    expect(found.difference / found.error).toBe(found.t)
    const reversed = compare(b, a, 'accuracy')
    expect([reversed.t, reversed.p]).toEqual([-found.t, found.p])
    // The loss is what the accuracy lacks.
    expect(compare(a, b).t).toBeCloseTo(-found.t, 10)
  })

  it('of equal results is no difference, and of the same difference everywhere a sure one', () => {
    const a = validated([0.5, 0.75], 2, 10)
    expect(compare(a, a)).toMatchObject({ difference: 0, t: 0, p: 1 })
    expect(compare(a, validated([0.25, 0.5], 2, 10), 'accuracy')).toMatchObject({ difference: 0.25, t: Infinity, p: 0 })
  })

  it('is refused for other folds, and for a metric that is not there', () => {
    const a = validated([0.5, 0.75], 2, 10)
    const others = [validated([0.5, 0.75], 2, 12), validated([0.5, 0.75, 0.5, 0.5], 2, 10)]
    for (const other of others) expect(() => compare(a, other)).toThrow('compare needs two cross-validations over the')
    const misspelt = 'acuracy'
    // @ts-expect-error No metric of the two.
    expect(() => compare(a, a, misspelt)).toThrow("there is no number 'acuracy'; there is loss, accuracy")
  })
})
