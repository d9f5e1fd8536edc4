/** How much each class counts in a loss, where some are rare. */
import { constant, div, gather, matmul, reshape, select, type Tensor, UserError } from '@gradpool/core'
import { countedRows, isClass, type LabelOptions } from '../shapes.js'

/**
 * What scikit-learn calls balanced: rows / (classes · rows of the class), so that all classes count alike in all. A
 * class without rows has 0, and is none of the classes.
 *
 * @param counts how many rows each class has, such as `classCountsOf(data)`
 */
export function balancedWeights(counts: readonly number[]): number[] {
  const present = counts.filter((count) => count > 0)
  const rows = present.reduce((sum, count) => sum + count, 0)
  return counts.map((count) => (count > 0 ? rows / (present.length * count) : 0))
}

/**
 * The weight of each row by its class, [batch]:
 * `crossEntropy(logits, label, { weights: classWeights(label, [1, 5]) })`.
 *
 * A label that is none of the classes has NaN, so that the loss tells of it; one of `ignoreLabel` has 0.
 *
 * @param labels class numbers, u8 or i32 [batch], or distributions over the classes, f32 [batch, classes], whose weight
 *   is the mean by their shares
 * @param weights one for each class, 0 or more
 * @throws UserError for other weights or labels
 */
export function classWeights(labels: Tensor, weights: readonly number[], options: LabelOptions = {}): Tensor {
  checkClassWeights(weights)
  const [batch = 1, classes] = labels.shape
  const counted = countedRows('classWeights', labels, options)
  if (labels.rank === 1 && labels.dtype !== 'f32') {
    const own = div(gather(constant(weights), labels), isClass(labels, weights.length))
    return counted ? select(counted, own, 0) : own
  }
  if (labels.rank === 2 && classes === weights.length) {
    return reshape(matmul(labels, constant(weights, [classes, 1])), [batch])
  }
  throw new UserError(
    `classWeights: labels must be class numbers u8 or i32 [batch], or f32 [batch, ${weights.length}], not ${labels.toString()}`,
  )
}

/** @throws UserError for what is no list of numbers that are 0 or more, one of them more */
export function checkClassWeights(weights: readonly number[]): void {
  const isWeight = (weight: unknown) => typeof weight === 'number' && weight >= 0 && weight < Infinity
  if (Array.isArray(weights) && weights.every(isWeight) && weights.some((weight) => weight > 0)) return
  throw new UserError('classWeights must be numbers of at least 0, one for each class, and not all 0')
}
