/** Squared error that grows linearly where it is large. */
import { abs, div, minimum, mul, sub, type Tensor, withDirection } from '@gradpool/core'
import { checkSameShape } from '../shapes.js'
import { checkOption, meanOfRows, type RowOptions } from './rows.js'

export interface HuberOptions extends RowOptions {
  /** The error from which on the loss is linear. Default: 1. */
  readonly delta?: number
}

/**
 * The mean over batch and features of d² / 2 for errors d = |output - target| up to delta, and of delta·(d - delta / 2)
 * beyond; f32 scalar.
 *
 * @param output [batch, ...]
 * @param target of the same shape; integers count as f32
 * @throws UserError where the shapes differ, or an option does not fit
 */
export function huber(output: Tensor, target: Tensor, options: HuberOptions = {}): Tensor {
  const { delta = 1 } = options
  checkOption('huber', 'delta', delta, delta > 0, 'positive')
  checkSameShape('huber', output, target)
  const error = abs(sub(output, target))
  const within = minimum(error, delta)
  const each = mul(within, sub(error, div(within, 2)))
  return withDirection(meanOfRows('huber', each, options), 'min')
}
