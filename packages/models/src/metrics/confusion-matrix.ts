/** Which classes are taken for which. */
import { argMax, cast, div, matmul, type Metric, oneHot, type Tensor } from '@gradpool/core'
import { finisher } from '@gradpool/core/engine'
import { classesOf, classNumbers } from '../shapes.js'

/**
 * Counts: row: the label; column: the class of the largest logit. The sum of all is the number of examples.
 *
 * @param logits [batch, classes]
 * @param labels class numbers, u8 or i32 [batch], or one-hot f32 [batch, classes]
 * @throws UserError where neither form fits the logits
 */
export function confusionMatrix(logits: Tensor, labels: Tensor): Metric<number[][]> {
  const classes = classesOf(logits)
  const truth = cast(oneHot(classNumbers('confusionMatrix', logits, labels), classes), 'f32')
  const estimate = oneHot(argMax(logits), classes)
  const counts = matmul(truth, estimate, { transposeA: true }) // [classes, classes]
  return { means: { share: div(counts, logits.shape[0] ?? 1) }, finish: finisher('counts') }
}
