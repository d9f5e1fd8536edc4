/** Cross-entropy of class logits. */
import { div, logSoftmax, maximum, mean, mul, neg, select, sum, type Tensor, withDirection } from '@gradpool/core'
import { classesOf, countedRows, isClass, labelDistribution, type LabelOptions } from '../shapes.js'

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
 * @throws UserError where neither form fits the logits, or `ignoreLabel` does not go with the labels
 */
export function crossEntropy(logits: Tensor, labels: Tensor, options: LabelOptions = {}): Tensor {
  const target = labelDistribution('crossEntropy', logits, labels)
  // Not 0 · -∞, which is NaN.
  const own = sum(select(target, mul(target, logSoftmax(logits)), 0), -1) // [batch]
  return withDirection(neg(meanOfRows(own, logits, labels, options)), 'min')
}

function meanOfRows(own: Tensor, logits: Tensor, labels: Tensor, options: LabelOptions): Tensor {
  const counted = countedRows('crossEntropy', labels, options)
  if (labels.rank === 2) return mean(own)
  const known = isClass(labels, classesOf(logits))
  if (counted === undefined) return mean(div(own, known))
  const rows = select(counted, div(own, select(counted, known, 1)), 0)
  return div(sum(rows), maximum(sum(counted), 1))
}
