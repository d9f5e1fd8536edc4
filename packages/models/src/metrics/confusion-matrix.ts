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
  const numbers = classNumbers('confusionMatrix', logits, labels)
  const counted = countedRows('confusionMatrix', labels, options)
  const share = confusion(numbers, argMax(logits), { size: classesOf(logits), counted })
  return { means: { share }, finish: finisher('counts') }
}

export interface ConfusionOptions {
  /** Classes. */
  readonly size: number
  /** 1 for rows that count, 0 for others, [batch]. */
  readonly counted: Tensor | undefined
}

/** The share of the batch that each pair of a row's and a column's number has, [size, size]. */
export function confusion(rowNumbers: Tensor, columnNumbers: Tensor, { size, counted }: ConfusionOptions): Tensor {
  const all = oneHot(rowNumbers, size)
  const rows = counted === undefined ? all : mul(all, asColumn(counted))
  const counts = matmul(rows, oneHot(columnNumbers, size), { transposeA: true })
  return div(counts, rowNumbers.shape[0] ?? 1)
}
