/** Cross-entropy of class logits. */
import { logSoftmax, mean, mul, neg, oneHot, sum, type Tensor, UserError } from '@gradpool/core'

/**
 * The mean over the batch of -log softmax(logits)[label]; f32 scalar.
 *
 * @param logits [batch, classes]
 * @param labels class numbers, u8 or i32 [batch], or distributions over the classes, f32 [batch, classes]
 * @throws UserError where neither form fits the logits
 */
export function crossEntropy(logits: Tensor, labels: Tensor): Tensor {
  const target = labelDistribution('crossEntropy', logits, labels)
  return neg(mean(sum(mul(target, logSoftmax(logits)), -1)))
}

/** Labels as f32 [batch, classes], one-hot where they are class numbers. */
export function labelDistribution(name: string, logits: Tensor, labels: Tensor): Tensor {
  const [batch, classes] = logits.shape
  if (logits.rank !== 2 || batch === undefined || classes === undefined) {
    throw new UserError(`${name}: logits must be [batch, classes], not ${logits.toString()}`)
  }
  const numbers = labels.dtype !== 'f32' && labels.rank === 1 && labels.shape[0] === batch
  if (numbers) return oneHot(labels, classes)
  const fits = labels.rank === 2 && labels.shape[0] === batch && labels.shape[1] === classes
  if (fits) return labels
  throw new UserError(
    `${name}: labels must be class numbers u8[${batch}] or i32[${batch}], or f32[${batch}, ${classes}], not ${labels.toString()}`,
  )
}
