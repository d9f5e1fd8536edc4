/** What a variational autoencoder minimises, and how its code is drawn. Source: Kingma & Welling (2014). */
import { add, div, exp, mul, randomNormal, square, sub, type Tensor, UserError, withDirection } from '@gradpool/core'
import { checkSameShape } from '../shapes.js'
import { bernoulliLosses } from './binary-cross-entropy.js'
import { checkOption, meanOfRows, type RowOptions, sumOfRow } from './rows.js'

export interface NegativeElboOptions extends RowOptions {
  /** How much the divergence counts (β-VAE, Higgins et al. 2017). Default: 1, with which the bound holds. */
  readonly beta?: number
}

/**
 * Minus the evidence lower bound on the log-likelihood, in nats: the mean over the batch of
 *
 *     Σ -target·log σ(logit) - (1 - target)·log(1 - σ(logit))  +  beta · Σ (m² + v - 1 - log v) / 2
 *
 * The first sum is over the values of a row, which are taken for independent Bernoulli variables; the second is the
 * divergence of the code's distribution, normal with means m and variances v, from the standard normal one. f32 scalar.
 *
 * @param logits [batch, ...], decoded from one code drawn by `sampleGaussian`
 * @param targets of the same shape, in [0, 1]
 * @param means [batch, code]
 * @param logVariances of the same shape as the means
 * @throws UserError where the shapes differ, or an option does not fit
 */
export function negativeElbo(
  logits: Tensor,
  targets: Tensor,
  means: Tensor,
  logVariances: Tensor,
  options: NegativeElboOptions = {},
): Tensor {
  const { beta = 1 } = options
  checkOption('negativeElbo', 'beta', beta, beta >= 0, 'at least 0')
  checkSameShape('negativeElbo', logits, targets)
  checkSameShape('negativeElbo', means, logVariances)
  if (logits.rank === 0 || logits.shape[0] !== means.shape[0]) {
    throw new UserError(
      `negativeElbo: logits and means must have as many rows, not ${logits.toString()} and ${means.toString()}`,
    )
  }
  const divergence = div(sub(add(square(means), exp(logVariances)), add(logVariances, 1)), 2)
  const rows = add(sumOfRow(bernoulliLosses(logits, targets)), mul(sumOfRow(divergence), beta))
  return withDirection(meanOfRows('negativeElbo', rows, options), 'min')
}

/**
 * A draw from a normal distribution with these means and variances, whose gradient reaches both: means + e^(logVariance
 * / 2) · noise. New noise each step, in evaluation too.
 *
 * @param means [batch, ...]
 * @param logVariances of the same shape
 * @throws UserError where the shapes differ
 */
export function sampleGaussian(means: Tensor, logVariances: Tensor): Tensor {
  checkSameShape('sampleGaussian', means, logVariances)
  return add(means, mul(exp(div(logVariances, 2)), randomNormal(means.shape, 'code')))
}
