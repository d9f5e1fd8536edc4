/** Mean squared error. */
import { square, sub, type Tensor, withDirection } from '@gradpool/core'
import { checkSameShape } from '../shapes.js'
import { meanOfRows, type RowOptions } from './rows.js'

/**
 * The mean of (output - target)² over batch and features; f32 scalar.
 *
 * @param output [batch, ...]
 * @param target of the same shape; integers, such as pixels, count as f32
 * @throws UserError where the shapes differ, such as [batch, 1] and [batch], or the weights do not fit
 */
export function meanSquaredError(output: Tensor, target: Tensor, options: RowOptions = {}): Tensor {
  checkSameShape('meanSquaredError', output, target)
  return withDirection(meanOfRows('meanSquaredError', square(sub(output, target)), options), 'min')
}
