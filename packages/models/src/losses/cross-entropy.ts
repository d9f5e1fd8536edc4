/** Cross-entropy of class logits. */
import { logSoftmax, mean, mul, neg, sum, type Tensor, withDirection } from '@gradpool/core'
import { labelDistribution } from '../shapes.js'

/**
 * The mean over the batch of -log softmax(logits)[label]; f32 scalar.
 *
 * @param logits [batch, classes]
 * @param labels class numbers, u8 or i32 [batch], or distributions over the classes, f32 [batch, classes]
 * @throws UserError where neither form fits the logits
 */
export function crossEntropy(logits: Tensor, labels: Tensor): Tensor {
  const target = labelDistribution('crossEntropy', logits, labels)
  return withDirection(neg(mean(sum(mul(target, logSoftmax(logits)), -1))), 'min')
}
