/** Cross-entropy of class logits. */
import { add, logSoftmax, mul, neg, select, sum, type Tensor, withDirection } from '@gradpool/core'
import { asColumn, classesOf, isClass, labelDistribution, type LabelOptions } from '../shapes.js'
import { checkOption, meanOfLabelledRows, type RowOptions } from './rows.js'

export interface CrossEntropyOptions extends LabelOptions, RowOptions {
  /**
   * The share ε of each label that is spread evenly over all classes, at least 0 and below 1: the target is
   * (1 - ε)·label + ε / classes. A logit of -∞ then makes the loss infinite. Default: 0.
   */
  readonly labelSmoothing?: number
}

/**
 * The mean over the batch of -log softmax(logits)[label]; f32 scalar.
 *
 * A logit of -∞ is a class that cannot be: it costs nothing where it is another class's. A label that is none of the
 * classes makes the loss NaN, and a training that meets it ends with an error that names the row.
 *
 * @param logits [batch, classes]
 * @param labels class numbers, u8 or i32 [batch], or distributions over the classes, f32 [batch, classes]
 * @param options with `ignoreLabel`, rows of that label do not count: the mean is over the others, 0 where there are
 *   none
 * @throws UserError where neither form fits the logits, or an option does not fit
 */
export function crossEntropy(logits: Tensor, labels: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const { labelSmoothing = 0 } = options
  const isShare = labelSmoothing >= 0 && labelSmoothing < 1
  checkOption('crossEntropy', 'labelSmoothing', labelSmoothing, isShare, 'at least 0 and below 1')
  const target = smoothed(labelDistribution('crossEntropy', logits, labels), logits, labels, labelSmoothing)
  // Not 0 · -∞, which is NaN.
  const own = sum(select(target, mul(target, logSoftmax(logits)), 0), -1) // [batch]
  return withDirection(neg(meanOfLabelledRows('crossEntropy', own, logits, labels, options)), 'min')
}

function smoothed(target: Tensor, logits: Tensor, labels: Tensor, share: number): Tensor {
  if (share === 0) return target
  const each = share / classesOf(logits)
  // A label that is none of the classes has no target.
  const spread = labels.rank === 1 ? mul(asColumn(isClass(labels, classesOf(logits))), each) : each
  return add(mul(target, 1 - share), spread)
}
