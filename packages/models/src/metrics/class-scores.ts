/** Precision, recall and their harmonic mean. */
import { argMax, cast, greater, mean, type Metric, mul, oneHot, type Tensor } from '@gradpool/core'
import { finisher } from '@gradpool/core/engine'
import { asColumn, checkSameShape, classesOf, classNumbers, countedRows, type LabelOptions } from '../shapes.js'

/**
 * Of the examples that are taken for a class, the share that belongs to it; the mean over the classes that occur
 * (macro), 0 for one that is never named. The larger the better. Source: as sklearn.metrics.precision_score.
 *
 * @param logits [batch, classes]; or [batch], of yes and no: positive means yes
 * @param labels class numbers, u8 or i32 [batch], or one-hot f32 [batch, classes]; of yes and no 1 and 0, [batch]
 * @param options with `ignoreLabel`, examples of that label do not count
 * @throws UserError where the labels do not fit the logits, or `ignoreLabel` does not go with them
 */
export function precision(logits: Tensor, labels: Tensor, options: LabelOptions = {}): Metric<number> {
  const means = shares('precision', logits, labels, options)
  return { means, finish: finisher('precision'), direction: 'max' }
}

/** Of the examples of a class, the share that is taken for it; otherwise as `precision`. */
export function recall(logits: Tensor, labels: Tensor, options: LabelOptions = {}): Metric<number> {
  return { means: shares('recall', logits, labels, options), finish: finisher('recall'), direction: 'max' }
}

/** The harmonic mean of precision and recall of each class; otherwise as `precision`. */
export function f1(logits: Tensor, labels: Tensor, options: LabelOptions = {}): Metric<number> {
  return { means: shares('f1', logits, labels, options), finish: finisher('f1'), direction: 'max' }
}

/**
 * For each class, the shares of the batch that are taken for it and belong to it, that are taken for it, that belong to
 * it.
 */
function shares(name: string, logits: Tensor, labels: Tensor, options: LabelOptions) {
  const all = logits.rank === 1 ? yesOrNo(name, logits, labels) : oneHots(name, logits, labels)
  const counted = countedRows(name, labels, options)
  const rows = counted && (logits.rank === 1 ? counted : asColumn(counted))
  const [said, is] = rows === undefined ? all : [mul(all[0], rows), mul(all[1], rows)]
  return { hits: mean(mul(said, is), 0), predicted: mean(said, 0), actual: mean(is, 0) }
}

function oneHots(name: string, logits: Tensor, labels: Tensor): [said: Tensor, is: Tensor] {
  const classes = classesOf(logits)
  const numbers = classNumbers(name, logits, labels)
  return [oneHot(argMax(logits), classes), oneHot(numbers, classes)]
}

function yesOrNo(name: string, logits: Tensor, labels: Tensor): [said: Tensor, is: Tensor] {
  checkSameShape(name, logits, labels)
  return [greater(logits, 0), cast(labels, 'f32')]
}
