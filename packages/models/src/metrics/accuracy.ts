/** The share of right answers. */
import { argMax, equal, mean, type Tensor, withDirection } from '@gradpool/core'
import { classNumbers } from '../shapes.js'

/**
 * The share of examples whose largest logit is that of the label; f32 scalar, the larger the better.
 *
 * @param logits [batch, classes]
 * @param labels class numbers, u8 or i32 [batch], or one-hot f32 [batch, classes]
 * @throws UserError where neither form fits the logits
 */
export function accuracy(logits: Tensor, labels: Tensor): Tensor {
  return withDirection(mean(equal(argMax(logits), classNumbers('accuracy', logits, labels))), 'max')
}
