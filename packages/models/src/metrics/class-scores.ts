/** Precision, recall and their harmonic mean, of the classes' counts of right answers, answers and labels. */
import {
  argMax,
  cast,
  greater,
  mean,
  type Metric,
  mul,
  oneHot,
  slice,
  sum,
  type Tensor,
  UserError,
} from '@gradpool/core'
import { finisher } from '@gradpool/core/engine'
import { asColumn, checkSameShape, classesOf, classNumbers, countedRows, type LabelOptions } from '../shapes.js'

export interface ClassScoreOptions extends LabelOptions {
  /**
   * `'macro'`: the mean over the classes that occur among labels or answers. `'micro'`: of all classes' examples
   * together; where none is left out that is the accuracy. A number: of that class alone, 0 where there is nothing of
   * it. Default: `'macro'`. It is of several classes: yes and no have none.
   */
  readonly average?: 'macro' | 'micro' | number
}

/**
 * Of the examples that are taken for a class, the share that belongs to it, 0 for a class that is never named. The
 * larger the better. Source: as sklearn.metrics.precision_score with zero_division=0.
 *
 * @param logits [batch, classes]; or [batch], of yes and no: positive means yes
 * @param labels class numbers, u8 or i32 [batch], or one-hot f32 [batch, classes]; of yes and no 1 and 0, [batch]
 * @param options with `ignoreLabel`, examples of that label do not count
 * @throws UserError where the labels do not fit the logits, or an option does not go with them
 */
export function precision(logits: Tensor, labels: Tensor, options: ClassScoreOptions = {}): Metric<number> {
  const means = shares('precision', logits, labels, options)
  return { means, finish: finisher('precision'), direction: 'max' }
}

/**
 * Of the examples of a class, the share that is taken for it, 0 for a class without examples that is named; otherwise
 * as `precision`. Source: as sklearn.metrics.recall_score.
 */
export function recall(logits: Tensor, labels: Tensor, options: ClassScoreOptions = {}): Metric<number> {
  return { means: shares('recall', logits, labels, options), finish: finisher('recall'), direction: 'max' }
}

/**
 * The harmonic mean of precision and recall of each class; otherwise as `precision`. Source: as
 * sklearn.metrics.f1_score.
 */
export function f1(logits: Tensor, labels: Tensor, options: ClassScoreOptions = {}): Metric<number> {
  return { means: shares('f1', logits, labels, options), finish: finisher('f1'), direction: 'max' }
}

/**
 * The mean over the classes that have examples of the share of them that is taken for it: the recall, but a class that
 * is only named does not count. The larger the better. Source: Brodersen et al., "The balanced accuracy and its
 * posterior distribution" (2010); as sklearn.metrics.balanced_accuracy_score.
 *
 * @param logits [batch, classes]
 * @param labels class numbers, u8 or i32 [batch], or one-hot f32 [batch, classes]
 * @param options with `ignoreLabel`, examples of that label do not count
 * @throws UserError where neither form fits the logits, or `ignoreLabel` does not go with the labels
 */
export function balancedAccuracy(logits: Tensor, labels: Tensor, options: LabelOptions = {}): Metric<number> {
  const name = 'balancedAccuracy'
  const { hits, actual } = sharesOf(oneHots(name, logits, labels), asRows(countedRows(name, labels, options)))
  return { means: { hits, actual }, finish: finisher(name), direction: 'max' }
}

/**
 * The shares of the batch that are taken for a class and belong to it, that are taken for it, that belong to it;
 * [classes], or one number.
 */
type Shares = Readonly<Record<'hits' | 'predicted' | 'actual', Tensor>>

function shares(name: string, logits: Tensor, labels: Tensor, options: ClassScoreOptions): Shares {
  const { average = 'macro' } = options
  const counted = countedRows(name, labels, options)
  if (logits.rank === 1) {
    if (options.average !== undefined) throw new UserError(`${name}: average is of several classes, not of yes and no`)
    return sharesOf(yesOrNo(name, logits, labels), counted)
  }
  const each = sharesOf(oneHots(name, logits, labels), asRows(counted))
  if (average === 'macro') return each
  if (average === 'micro') return mapped(each, (classes) => sum(classes))
  const classes = classesOf(logits)
  if (!Number.isInteger(average) || average < 0 || average >= classes) {
    throw new UserError(
      `${name}: average must be 'macro', 'micro' or one of the ${classes} classes from 0 on, not ${String(average)}`,
    )
  }
  return mapped(each, (all) => slice(all, [average], [1]))
}

function sharesOf([said, is]: readonly [said: Tensor, is: Tensor], counted: Tensor | undefined): Shares {
  const only = (x: Tensor) => (counted === undefined ? x : mul(x, counted))
  return { hits: mean(only(mul(said, is)), 0), predicted: mean(only(said), 0), actual: mean(only(is), 0) }
}

function mapped({ hits, predicted, actual }: Shares, change: (classes: Tensor) => Tensor): Shares {
  return { hits: change(hits), predicted: change(predicted), actual: change(actual) }
}

function asRows(counted: Tensor | undefined): Tensor | undefined {
  return counted && asColumn(counted)
}

function oneHots(name: string, logits: Tensor, labels: Tensor): [said: Tensor, is: Tensor] {
  // First: its checks are those of the shapes.
  const numbers = classNumbers(name, logits, labels)
  const classes = classesOf(logits)
  return [oneHot(argMax(logits), classes), oneHot(numbers, classes)]
}

function yesOrNo(name: string, logits: Tensor, labels: Tensor): [said: Tensor, is: Tensor] {
  checkSameShape(name, logits, labels)
  return [greater(logits, 0), cast(labels, 'f32')]
}
