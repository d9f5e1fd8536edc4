/** Mean squared error. */
import { mean, square, sub, type Tensor, withDirection } from '@gradpool/core'
import { checkSameShape } from '../shapes.js'

/**
 * The mean of (output - target)² over batch and features; f32 scalar.
 *
 * @param output [batch, ...]
 * @param target of the same shape; integers, such as pixels, count as f32
 * @throws UserError where the shapes differ, such as [batch, 1] and [batch]
 */
export function meanSquaredError(output: Tensor, target: Tensor): Tensor {
  checkSameShape('meanSquaredError', output, target)
  return withDirection(mean(square(sub(output, target))), 'min')
}
