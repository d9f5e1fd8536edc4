/** Mean absolute error as a share of the target. */
import { abs, div, maximum, mean, sub, type Tensor, withDirection } from '@gradpool/core'
import { checkSameShape } from '../shapes.js'

/**
 * The mean of |output - target| / |target| over batch and features, as a share: 0.1 is 10 %; f32 scalar, the smaller
 * the better. Where a target is nearer to 0 than 2^-52, it counts as 2^-52, so one of 0 gives a very large number.
 * Source: as sklearn.metrics.mean_absolute_percentage_error.
 *
 * @param output [batch, ...]
 * @param target of the same shape
 * @throws UserError where the shapes differ
 */
export function meanAbsolutePercentageError(output: Tensor, target: Tensor): Tensor {
  checkSameShape('meanAbsolutePercentageError', output, target)
  const share = div(abs(sub(output, target)), maximum(abs(target), 2 ** -52))
  return withDirection(mean(share), 'min')
}
