/** How near a reconstruction is to its target, as one number. */
import { mean, type Metric, square, sub, type Tensor } from '@gradpool/core'
import { finisher } from '@gradpool/core/engine'
import { checkSameShape } from '../shapes.js'

/**
 * 1 - √(mean squared error) / mean of the target, both over all examples. 1 is perfect; there is no lower bound.
 *
 * @param output [batch, ...]
 * @param target of the same shape, of a mean that is not 0; integers, such as pixels, count as f32
 * @throws UserError where the shapes differ
 */
export function reconstructionAccuracy(output: Tensor, target: Tensor): Metric<number> {
  checkSameShape('reconstructionAccuracy', output, target)
  return {
    means: { squaredError: mean(square(sub(output, target))), target: mean(target) },
    finish: finisher('reconstructionAccuracy'),
    direction: 'max',
  }
}
