/** Mean absolute error. */
import { abs, mean, sub, type Tensor, withDirection } from '@gradpool/core'
import { checkSameShape } from '../shapes.js'

/**
 * The mean of |output - target| over batch and features; f32 scalar, the smaller the better.
 *
 * @param output [batch, ...]
 * @param target of the same shape
 * @throws UserError where the shapes differ
 */
export function meanAbsoluteError(output: Tensor, target: Tensor): Tensor {
  checkSameShape('meanAbsoluteError', output, target)
  return withDirection(mean(abs(sub(output, target))), 'min')
}
