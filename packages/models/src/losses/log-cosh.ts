/** The logarithm of the hyperbolic cosine of the error. */
import { abs, log1p, sub, tanh, type Tensor, withDirection } from '@gradpool/core'
import { checkSameShape } from '../shapes.js'
import { meanOfRows, type RowOptions } from './rows.js'

/**
 * The mean over batch and features of log cosh(output - target): nearly d² / 2 for small errors d, |d| - log 2 for
 * large ones; f32 scalar.
 *
 * Computed as |d| - log1p(tanh |d|), which does not overflow.
 *
 * @param output [batch, ...]
 * @param target of the same shape; integers count as f32
 * @throws UserError where the shapes differ, or the weights do not fit
 */
export function logCosh(output: Tensor, target: Tensor, options: RowOptions = {}): Tensor {
  checkSameShape('logCosh', output, target)
  const error = abs(sub(output, target))
  return withDirection(meanOfRows('logCosh', sub(error, log1p(tanh(error))), options), 'min')
}
