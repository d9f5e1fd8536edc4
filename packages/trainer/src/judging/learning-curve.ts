/** How much better a model becomes with more data. */
import { UserError, type Model } from '@gradpool/core'
import { loadDataset } from '@gradpool/datasets'
import { checkOptions } from '../fit/check-options.js'
import type { DataFor, Held } from '../fit/fit-types.js'
import { spreadOf, trainFolds, type CrossValidateOptions, type Fold, type Scores } from './cross-validate.js'

export interface LearningCurveOptions<
  M extends Model,
  D extends DataFor<M>,
  V extends Held<M> | undefined,
> extends CrossValidateOptions<M, D, V> {
  /**
   * How many rows to train on: shares of what a fold leaves, 1 for all of it, or numbers of rows above 1. Default: 0.1,
   * 0.2, 0.5 and 1.
   */
  readonly sizes?: readonly number[]
}

export interface CurvePoint<M extends Model> {
  /** The rows that each training has, those for validation included. */
  readonly size: number
  /** As of `crossValidate`. */
  readonly folds: readonly Fold<M>[]
  readonly mean: Scores<M>
  readonly deviation: Scores<M>
}

/**
 * Cross-validations with some of the training rows, each judged on the same folds: where the last points are still
 * better than those before, more data will help. The rows of a size are among those of a larger one, and drawn at
 * random; with `splitBy: 'order'` they are the first. As sklearn.model_selection.learning_curve.
 *
 * @throws UserError as `crossValidate`, and for more rows than there are
 */
export async function learningCurve<
  M extends Model,
  const D extends DataFor<M>,
  const V extends Held<M> | undefined = undefined,
>(model: M, options: LearningCurveOptions<M, D, V>): Promise<readonly CurvePoint<M>[]> {
  checkOptions('learningCurve', options)
  const { sizes = [0.1, 0.2, 0.5, 1], ...others } = options
  const { folds = 5, repeats = 1 } = others
  const dataset = await loadDataset(others.data)
  const numRows = dataset.splits.train.rows.length
  // What the largest fold leaves.
  const most = numRows - Math.ceil(numRows / folds)
  const counts = sizes.map((size) => (size > 1 ? size : Math.max(1, Math.round(size * most))))
  const large = counts.find((count) => count > most)
  if (large !== undefined) throw new UserError(`sizes: ${large} rows are more than the ${most} that a fold leaves`)
  const done = await trainFolds(model, dataset, others, counts)
  const each = folds * repeats
  return counts.map((size, place) => {
    const its = done.slice(place * each, (place + 1) * each).map(({ fold }) => fold)
    return { size, folds: its, ...spreadOf(its) }
  })
}
