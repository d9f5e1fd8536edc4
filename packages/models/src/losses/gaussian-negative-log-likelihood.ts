/** The likelihood of numbers whose variance is estimated, too. */
import { add, div, exp, maximum, mul, neg, square, stopGradient, sub, type Tensor, withDirection } from '@gradpool/core'
import { checkSameShape } from '../shapes.js'
import { checkOption, meanOfRows, type RowOptions } from './rows.js'

export interface GaussianNegativeLogLikelihoodOptions extends RowOptions {
  /** The least variance that counts. Default: 1e-6. */
  readonly epsilon?: number
}

/**
 * The mean over batch and features of (log v + (target - mean)² / v) / 2, v being the variance: minus the
 * log-likelihood under a normal distribution, without its constant log(2π) / 2; f32 scalar.
 *
 * The variance comes as its logarithm, so that it is positive. One below epsilon counts as epsilon, with the gradient
 * that it has there, so that it can grow again.
 *
 * @param means [batch, ...]
 * @param logVariances of the same shape
 * @param targets of the same shape; integers count as f32
 * @throws UserError where the shapes differ, or an option does not fit
 */
export function gaussianNegativeLogLikelihood(
  means: Tensor,
  logVariances: Tensor,
  targets: Tensor,
  options: GaussianNegativeLogLikelihoodOptions = {},
): Tensor {
  const { epsilon = 1e-6 } = options
  checkOption('gaussianNegativeLogLikelihood', 'epsilon', epsilon, epsilon > 0, 'positive')
  checkSameShape('gaussianNegativeLogLikelihood', means, targets)
  checkSameShape('gaussianNegativeLogLikelihood', logVariances, targets)
  const lift = stopGradient(sub(maximum(logVariances, Math.log(epsilon)), logVariances))
  const logVariance = add(logVariances, lift)
  const each = div(add(logVariance, mul(square(sub(targets, means)), exp(neg(logVariance)))), 2)
  return withDirection(meanOfRows('gaussianNegativeLogLikelihood', each, options), 'min')
}
