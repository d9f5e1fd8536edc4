/** Which classes are taken for which. */
import { argMax, cast, div, matmul, oneHot, type Tensor } from '@gradpool/core'
import { classNumbers } from './accuracy.js'

/**
 * Row: the label; column: the class of the largest logit; value: the share of the batch. f32 [classes, classes]; the sum
 * of all is 1, that of the diagonal the accuracy.
 *
 * @param logits [batch, classes]
 * @param labels class numbers, u8 or i32 [batch], or one-hot f32 [batch, classes]
 */
export function confusionMatrix(logits: Tensor, labels: Tensor, classes: number): Tensor {
  const truth = cast(oneHot(classNumbers('confusionMatrix', labels), classes), 'f32')
  const estimate = oneHot(argMax(logits), classes)
  return div(matmul(truth, estimate, { transposeA: true }), logits.shape[0] ?? 1)
}
