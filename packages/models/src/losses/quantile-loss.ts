/** The loss whose least is at a quantile. */
import { maximum, mul, sub, type Tensor, withDirection } from '@gradpool/core'
import { checkSameShape } from '../shapes.js'
import { checkOption, meanOfRows, type RowOptions } from './rows.js'

export interface QuantileLossOptions extends RowOptions {
  /** The share of targets that are to lie below the output. Default: 0.5, the median. */
  readonly quantile?: number
}

/**
 * The mean over batch and features of max(q·d, (q - 1)·d), where d = target - output and q is the quantile; f32 scalar.
 * It is also called the pinball loss.
 *
 * @param output [batch, ...]
 * @param target of the same shape; integers count as f32
 * @throws UserError where the shapes differ, or an option does not fit
 */
export function quantileLoss(output: Tensor, target: Tensor, options: QuantileLossOptions = {}): Tensor {
  const { quantile = 0.5 } = options
  checkOption('quantileLoss', 'quantile', quantile, quantile > 0 && quantile < 1, 'above 0 and below 1')
  checkSameShape('quantileLoss', output, target)
  const short = sub(target, output)
  const each = maximum(mul(short, quantile), mul(short, quantile - 1))
  return withDirection(meanOfRows('quantileLoss', each, options), 'min')
}
