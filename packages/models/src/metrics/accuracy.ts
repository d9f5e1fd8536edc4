/** The share of right answers. */
import { argMax, equal, mean, type Tensor, UserError } from '@gradpool/core'

/**
 * The share of the batch whose largest logit is that of the label; f32 scalar.
 *
 * @param logits [batch, classes]
 * @param labels class numbers, u8 or i32 [batch], or one-hot f32 [batch, classes]
 */
export function accuracy(logits: Tensor, labels: Tensor): Tensor {
  return mean(equal(argMax(logits), classNumbers('accuracy', labels)))
}

/** Labels as class numbers [batch]. */
export function classNumbers(name: string, labels: Tensor): Tensor {
  if (labels.rank === 2) return argMax(labels)
  if (labels.rank === 1 && labels.dtype !== 'f32') return labels
  throw new UserError(
    `${name}: labels must be class numbers (u8 or i32 [batch]) or one-hot (f32 [batch, classes]), not ${labels.toString()}`,
  )
}
