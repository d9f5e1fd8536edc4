/** The share of right answers. */
import { argMax, equal, mean, type Metric, mul, type Tensor, withDirection } from '@gradpool/core'
import { finisher } from '@gradpool/core/engine'
import { classNumbers, countedRows, type LabelOptions } from '../shapes.js'

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
  if (counted === undefined) return withDirection(mean(correct), 'max')
  return {
    means: { correct: mean(mul(correct, counted)), counted: mean(counted) },
    finish: finisher('shareOfCounted'),
    direction: 'max',
  }
}
