/** How near a reconstruction is to its target, as one number. */
import { div, mean, sqrt, sub, type Tensor } from '@gradpool/core'
import { meanSquaredError } from '../losses/mean-squared-error.js'

/**
 * 1 - sqrt(mean squared error) / mean(target), over the whole batch; f32 scalar. 1 is perfect; there is no lower bound.
 *
 * @param output [batch, ...]
 * @param target of the same shape, of a mean that is not 0; integers, such as pixels, count as f32
 */
export function reconstructionAccuracy(output: Tensor, target: Tensor): Tensor {
  return sub(1, div(sqrt(meanSquaredError(output, target)), mean(target)))
}
