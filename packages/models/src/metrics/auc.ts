/** The area under the receiver operating characteristic. */
import { type Metric, type Tensor, UserError } from '@gradpool/core'
import { finisher } from '@gradpool/core/engine'
import { checkSameShape, countedRows, type LabelOptions } from '../shapes.js'

/**
 * The share of pairs of a positive and a negative example in which the positive one has the higher score, pairs of one
 * score counting half; exactly, over all examples. The larger the better; NaN where all examples are of one class.
 *
 * Source: Mann & Whitney (1947); as sklearn.metrics.roc_auc_score.
 *
 * @param scores [batch] or [batch, 1]: logits or probabilities
 * @param labels of the same shape: 0 or 1
 * @param options with `ignoreLabel`, examples of that label do not count, whose labels must be [batch]
 * @throws UserError where the shapes differ, or there are several scores an example
 */
export function auc(scores: Tensor, labels: Tensor, options: LabelOptions = {}): Metric<number> {
  checkSameShape('auc', scores, labels)
  const [batch] = scores.shape
  if (scores.size !== batch) {
    throw new UserError(`auc: scores must be [batch] or [batch, 1], not ${scores.toString()}`)
  }
  const counted = countedRows('auc', labels, options)
  const rows = { score: scores, label: labels, ...(counted && { counted }) }
  return { rows, finish: finisher('auc'), direction: 'max' }
}
