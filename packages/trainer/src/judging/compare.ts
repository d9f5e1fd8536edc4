/** Whether one way to train is better than another. */
import { UserError, type Model } from '@gradpool/core'
import type { CrossValidation, Fold } from './cross-validate.js'
import { meanOf, varianceOf } from './statistics.js'
import { twoSidedP } from './student.js'

export interface Comparison {
  /** The mean of the first's metric minus the second's. */
  readonly difference: number
  /** The standard error of that; of `compare`, corrected. */
  readonly error: number
  readonly t: number
  readonly degreesOfFreedom: number
  /** The probability of a difference at least as large, in either direction, if there were none. */
  readonly p: number
}

/** Of a model, or of an experiment, whose metrics may have any names. */
interface Validation extends Pick<CrossValidation<Model>, 'folds'> {
  readonly mean: object
}

/** A metric that both have. */
type Common<A extends Validation, B extends Validation> = keyof A['mean'] & keyof B['mean'] & string

/**
 * The corrected resampled t-test of two cross-validations over the same folds, fold by fold.
 *
 * The trainings of a cross-validation share most of their rows, so their results vary less than those of trainings on
 * rows of their own would, and the usual paired t-test finds differences that are none. This one takes for the variance
 * of the mean difference (1 / J + tested / trained) · s², where J is the number of folds in all, s² the variance of
 * their differences as of a sample, and tested / trained the rows in a fold by those outside of it; t has J - 1 degrees
 * of freedom. Where all differences are equal, p is 0, or 1 where they are 0.
 *
 * Source: Nadeau & Bengio, "Inference for the generalization error", Machine Learning 52 (2003), section 5; for
 * repeated folds Bouckaert & Frank, "Evaluating the replicability of significance tests" (2004).
 *
 * @param metric that is one number. Default: the loss, which says something where both models have the same
 * @throws UserError where the folds are not the same, or one has no such metric
 */
export function compare<A extends Validation, B extends Validation>(
  first: A,
  second: B,
  metric: Common<A, B> | 'loss' = 'loss',
): Comparison {
  checkFolds(first.folds, second.folds)
  const values = (folds: readonly Fold<Model>[]) => folds.map(({ test }) => numberOf(test, metric))
  const [ours, theirs] = [values(first.folds), values(second.folds)]
  const differences = ours.map((value, i) => value - (theirs[i] ?? NaN))
  return pairedTest(differences, meanOf(first.folds.map(({ rows, trained }) => rows.length / trained)))
}

/**
 * Student's paired t-test: whether the mean of differences is 0, of pairs that are trained alike, such as from the same
 * seed. Where all are equal, p is 0, or 1 where they are 0.
 *
 * @param differences two at least
 * @param shared The part of the variance that the pairs have in common; see `compare`.
 */
export function pairedTest(differences: readonly number[], shared = 0): Comparison {
  const count = differences.length
  if (count < 2) throw new UserError(`a paired test needs two pairs at least, not ${count}`)
  const difference = meanOf(differences)
  const error = Math.sqrt((1 / count + shared) * varianceOf(differences))
  const t = difference === 0 ? 0 : difference / error
  return { difference, error, t, degreesOfFreedom: count - 1, p: twoSidedP(t, count - 1) }
}

function checkFolds(first: readonly Fold<Model>[], second: readonly Fold<Model>[]): void {
  const same = first.length === second.length && first.every(({ rows }, i) => String(rows) === String(second[i]?.rows))
  if (!same) {
    throw new UserError(
      'compare needs two cross-validations over the same folds: of the same rows, with the same folds, repeats, splitBy and seed',
    )
  }
}

function numberOf(test: object, metric: string): number {
  const value: unknown = Reflect.get(test, metric)
  if (typeof value === 'number') return value
  const names = Object.entries(test).flatMap(([name, its]) => (typeof its === 'number' ? [name] : []))
  throw new UserError(`compare: there is no number '${metric}'; there is ${names.join(', ')}`)
}
