/** The hinge loss of several classes. */
import { add, div, mul, oneHot, relu, select, sub, sum, type Tensor, withDirection } from '@gradpool/core'
import { asColumn, classesOf, classNumbers, type LabelOptions } from '../shapes.js'
import { checkOption, meanOfLabelledRows, type RowOptions } from './rows.js'

export interface HingeOptions extends LabelOptions, RowOptions {
  /** By how much the label's logit is to exceed each of the others. Default: 1. */
  readonly margin?: number
}

/**
 * The mean over the batch of Σ max(0, margin - logits[label] + logits[j]) / classes over the classes j other than the
 * label, as MultiMarginLoss of PyTorch; f32 scalar.
 *
 * A label that is none of the classes makes the loss NaN, as in `crossEntropy`.
 *
 * @param logits [batch, classes]
 * @param labels class numbers, u8 or i32 [batch], or f32 [batch, classes], whose largest is the class
 * @param options `ignoreLabel` as in `crossEntropy`
 * @throws UserError where neither form fits the logits, or an option does not fit
 */
export function hinge(logits: Tensor, labels: Tensor, options: HingeOptions = {}): Tensor {
  const { margin = 1 } = options
  checkOption('hinge', 'margin', margin, margin > 0, 'positive')
  const classes = classesOf(logits)
  const isLabel = oneHot(classNumbers('hinge', logits, labels), classes)
  const own = asColumn(sum(select(isLabel, logits, 0), -1))
  const excess = relu(add(sub(logits, own), margin))
  // 0 where the label is none of the classes: the mean makes that 0 / 0.
  const known = sum(isLabel, -1)
  const each = div(mul(sum(select(isLabel, 0, excess), -1), known), classes) // [batch]
  return withDirection(meanOfLabelledRows('hinge', each, logits, labels, options), 'min')
}
