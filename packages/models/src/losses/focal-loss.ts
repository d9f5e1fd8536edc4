/** Cross-entropy that counts what is easy for less. */
import { add, exp, mul, neg, sub, type Tensor, withDirection } from '@gradpool/core'
import { softplus } from '../layers/activation-functions.js'
import { checkSameShape } from '../shapes.js'
import { checkOption, meanOfRows, type RowOptions } from './rows.js'

export interface FocalLossOptions extends RowOptions {
  /** How fast the weight (1 - p)^γ of an answer falls with the probability p that it has. Default: 2; 0 for none. */
  readonly gamma?: number
  /** The weight of a target of 1; a target of 0 has 1 - alpha. Default: 0.25. */
  readonly alpha?: number
}

/**
 * The mean over batch and features of -alpha·(1 - p)^gamma·log p for a target of 1, where p = σ(logit), and of
 * -(1 - alpha)·p^gamma·log(1 - p) for a target of 0; f32 scalar. A target between is their mixture.
 *
 * Powers and logarithms are of softplus, so that they are finite and exact for any logit. Source: Lin et al., "Focal
 * loss for dense object detection" (2017).
 *
 * @param logits [batch, ...]
 * @param targets of the same shape, in [0, 1]
 * @throws UserError where the shapes differ, or an option does not fit
 */
export function focalLoss(logits: Tensor, targets: Tensor, options: FocalLossOptions = {}): Tensor {
  const { gamma = 2, alpha = 0.25 } = options
  checkOption('focalLoss', 'gamma', gamma, gamma >= 0, 'at least 0')
  checkOption('focalLoss', 'alpha', alpha, alpha >= 0 && alpha <= 1, 'within [0, 1]')
  checkSameShape('focalLoss', logits, targets)
  const no = softplus(logits) // -log(1 - p)
  const yes = softplus(neg(logits)) // -log p
  const ofOne = mul(mul(targets, alpha), mul(exp(mul(no, -gamma)), yes))
  const ofZero = mul(mul(sub(1, targets), 1 - alpha), mul(exp(mul(yes, -gamma)), no))
  return withDirection(meanOfRows('focalLoss', add(ofOne, ofZero), options), 'min')
}
