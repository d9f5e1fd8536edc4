/** The likelihood of counts. */
import { exp, mul, sub, type Tensor, withDirection } from '@gradpool/core'
import { checkSameShape } from '../shapes.js'
import { meanOfRows, type RowOptions } from './rows.js'

/**
 * The mean over batch and features of e^logRate - target·logRate: minus the log-likelihood of counts under a Poisson
 * distribution, without log(target!), which does not depend on the rate; f32 scalar.
 *
 * @param logRates [batch, ...]; above 88 the rate itself exceeds f32, and the loss is infinite
 * @param targets counts, of the same shape
 * @throws UserError where the shapes differ, or the weights do not fit
 */
export function poissonLoss(logRates: Tensor, targets: Tensor, options: RowOptions = {}): Tensor {
  checkSameShape('poissonLoss', logRates, targets)
  const each = sub(exp(logRates), mul(targets, logRates))
  return withDirection(meanOfRows('poissonLoss', each, options), 'min')
}
