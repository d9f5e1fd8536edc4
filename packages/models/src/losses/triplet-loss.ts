/** Distances that tell like from unlike. */
import { add, maximum, relu, sqrt, square, sub, sum, type Tensor, withDirection } from '@gradpool/core'
import { checkSameShape } from '../shapes.js'
import { checkMatrix, checkOption, meanOfRows, type RowOptions } from './rows.js'

/** The square of the least distance: nearer points count as this far, and do not move. */
const NEAREST = 1e-12

export interface TripletLossOptions extends RowOptions {
  /** By how much the negative is to be farther from the anchor than the positive. Default: 1. */
  readonly margin?: number
}

/**
 * The mean over the batch of max(0, |anchor - positive| - |anchor - negative| + margin), by Euclidean distances; f32
 * scalar. Points nearer than 1e-6 count as that far, and have no gradient.
 *
 * @param anchor, positive, negative [batch, features]
 * @throws UserError where the shapes are not equal matrices, or an option does not fit
 */
export function tripletLoss(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  options: TripletLossOptions = {},
): Tensor {
  const { margin = 1 } = options
  checkOption('tripletLoss', 'margin', margin, margin > 0, 'positive')
  checkMatrix('tripletLoss', 'the anchor', anchor)
  checkSameShape('tripletLoss', positive, anchor)
  checkSameShape('tripletLoss', negative, anchor)
  const each = relu(add(sub(distance(anchor, positive), distance(anchor, negative)), margin))
  return withDirection(meanOfRows('tripletLoss', each, options), 'min')
}

/** [batch] */
function distance(a: Tensor, b: Tensor): Tensor {
  return sqrt(maximum(sum(square(sub(a, b)), -1), NEAREST))
}
