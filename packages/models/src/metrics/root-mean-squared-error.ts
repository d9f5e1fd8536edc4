/** The root of the mean squared error. */
import { mean, type Metric, square, sub, type Tensor } from '@gradpool/core'
import { finisher } from '@gradpool/core/engine'
import { checkSameShape } from '../shapes.js'

/**
 * √(mean of (output - target)²) over all examples and features; the smaller the better.
 *
 * @param output [batch, ...]
 * @param target of the same shape
 * @throws UserError where the shapes differ
 */
export function rootMeanSquaredError(output: Tensor, target: Tensor): Metric<number> {
  checkSameShape('rootMeanSquaredError', output, target)
  return {
    means: { value: mean(square(sub(output, target))) },
    finish: finisher('rootMean'),
    direction: 'min',
  }
}
