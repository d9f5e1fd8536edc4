/** Which classes are taken for which. */
import { argMax, div, matmul, type Metric, mul, oneHot, type Tensor } from '@gradpool/core'
import { finisher } from '@gradpool/core/engine'
import { asColumn, classesOf, classNumbers, countedRows, type LabelOptions } from '../shapes.js'

/**
 * Counts: row: the label; column: the class of the largest logit. The sum of all is the number of examples whose
 * label is a class.
 *
 * @param logits [batch, classes]
 * @param labels class numbers, u8 or i32 [batch], or one-hot f32 [batch, classes]
 * @param options with `ignoreLabel`, examples of that label do not count
 * @throws UserError where neither form fits the logits, or `ignoreLabel` does not go with the labels
 */
export function confusionMatrix(logits: Tensor, labels: Tensor, options: LabelOptions = {}): Metric<number[][]> {
  const classes = classesOf(logits)
  const truth = oneHot(classNumbers('confusionMatrix', logits, labels), classes)
  const counted = countedRows('confusionMatrix', labels, options)
  const rows = counted === undefined ? truth : mul(truth, asColumn(counted))
  const estimate = oneHot(argMax(logits), classes)
  const counts = matmul(rows, estimate, { transposeA: true }) // [classes, classes]
  return { means: { share: div(counts, logits.shape[0] ?? 1) }, finish: finisher('counts') }
}
