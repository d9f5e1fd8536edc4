/** Mean squared error. */
import { mean, square, sub, type Tensor } from '@gradpool/core'

/**
 * The mean of (output - target)² over batch and features; f32 scalar.
 *
 * @param output [batch, ...]
 * @param target of the same shape; integers, such as pixels, count as f32
 */
export function meanSquaredError(output: Tensor, target: Tensor): Tensor {
  return mean(square(sub(output, target)))
}
