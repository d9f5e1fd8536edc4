/** The share of right answers. */
import { argMax, equal, mean, type Metric, mul, sum, type Tensor, topK, UserError, withDirection } from '@gradpool/core'
import { finisher } from '@gradpool/core/engine'
import { asColumn, classesOf, classNumbers, countedRows, type LabelOptions } from '../shapes.js'

/**
 * The share of examples whose largest logit is that of the label; the larger the better. A label that is none of the
 * classes counts as a wrong answer.
 *
 * With `ignoreLabel` it is the share of the examples of other labels, over all of them together: a metric, and no
 * tensor; NaN where there are none.
 *
 * @param logits [batch, classes]
 * @param labels class numbers, u8 or i32 [batch], or one-hot f32 [batch, classes]
 * @throws UserError where neither form fits the logits, or `ignoreLabel` does not go with the labels
 */
export function accuracy(logits: Tensor, labels: Tensor): Tensor
export function accuracy(
  logits: Tensor,
  labels: Tensor,
  options: LabelOptions & { readonly ignoreLabel: number },
): Metric<number>
export function accuracy(logits: Tensor, labels: Tensor, options: LabelOptions = {}): Tensor | Metric<number> {
  const correct = equal(argMax(logits), classNumbers('accuracy', logits, labels))
  const counted = countedRows('accuracy', labels, options)
  return counted === undefined ? withDirection(mean(correct), 'max') : shareOf(correct, counted)
}

/**
 * The share of examples whose label is among the `k` largest logits; otherwise as `accuracy`, which it is for `k` of 1.
 * Of equal logits the first come first; sklearn.metrics.top_k_accuracy_score, which is the same otherwise, has the last
 * first.
 *
 * @throws UserError where there are fewer than `k` classes
 */
export function topKAccuracy(logits: Tensor, labels: Tensor, k: number): Tensor
export function topKAccuracy(
  logits: Tensor,
  labels: Tensor,
  k: number,
  options: LabelOptions & { readonly ignoreLabel: number },
): Metric<number>
export function topKAccuracy(
  logits: Tensor,
  labels: Tensor,
  k: number,
  options: LabelOptions = {},
): Tensor | Metric<number> {
  const numbers = classNumbers('topKAccuracy', logits, labels)
  const classes = classesOf(logits)
  if (!Number.isInteger(k) || k < 1 || k > classes) {
    throw new UserError(`topKAccuracy: k must be a whole number from 1 to the ${classes} classes, not ${String(k)}`)
  }
  const correct = sum(equal(topK(logits, k).indices, asColumn(numbers)), -1)
  const counted = countedRows('topKAccuracy', labels, options)
  return counted === undefined ? withDirection(mean(correct), 'max') : shareOf(correct, counted)
}

function shareOf(correct: Tensor, counted: Tensor): Metric<number> {
  return {
    means: { correct: mean(mul(correct, counted)), counted: mean(counted) },
    finish: finisher('shareOfCounted'),
    direction: 'max',
  }
}
