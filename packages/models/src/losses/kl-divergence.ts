/** The divergence of Kullback and Leibler. */
import { log, mul, select, sub, type Tensor, UserError, withDirection } from '@gradpool/core'
import { checkSameShape } from '../shapes.js'
import { meanOfRows, type RowOptions, sumOfRow } from './rows.js'

/**
 * The mean over the batch of Σ target·(log target - output), the sum being over all of a row; f32 scalar. A target of 0
 * costs nothing, even where the output is -∞.
 *
 * @param output log-probabilities, such as of `logSoftmax`, [batch, ...]
 * @param target probabilities, of the same shape
 * @throws UserError where the shapes differ, or the weights do not fit
 */
export function klDivergence(output: Tensor, target: Tensor, options: RowOptions = {}): Tensor {
  checkSameShape('klDivergence', output, target)
  if (output.rank === 0) throw new UserError('klDivergence: the output must be [batch, ...], not f32[]')
  // Of a target of 0, both logarithms are replaced: 0 · ∞ is NaN, in gradients too.
  const each = mul(target, sub(log(select(target, target, 1)), select(target, output, 0)))
  return withDirection(meanOfRows('klDivergence', sumOfRow(each), options), 'min')
}
