/** Cross-entropy of independent yes-or-no logits. */
import { abs, add, exp, log1p, maximum, mul, neg, sub, type Tensor, withDirection } from '@gradpool/core'
import { checkSameShape } from '../shapes.js'
import { meanOfRows, type RowOptions } from './rows.js'

/**
 * -target·log σ(logit) - (1 - target)·log(1 - σ(logit)) of each element.
 *
 * Computed as max(z, 0) - z·target + log1p(e^-|z|), which neither overflows nor cancels for any logit z: an answer that
 * is right by far costs e^-|z|, not 0. (max, and not relu, since the two halves of its gradient at 0 make σ(0).)
 */
export function bernoulliLosses(logits: Tensor, targets: Tensor): Tensor {
  const softplus = log1p(exp(neg(abs(logits))))
  return add(sub(maximum(logits, 0), mul(logits, targets)), softplus)
}

/**
 * The mean over batch and features of -target·log σ(logit) - (1 - target)·log(1 - σ(logit)); f32 scalar, finite and
 * exact for any logit.
 *
 * @param logits [batch, ...]
 * @param targets of the same shape, in [0, 1]
 * @throws UserError where the shapes differ, or the weights do not fit
 */
export function binaryCrossEntropy(logits: Tensor, targets: Tensor, options: RowOptions = {}): Tensor {
  checkSameShape('binaryCrossEntropy', logits, targets)
  return withDirection(meanOfRows('binaryCrossEntropy', bernoulliLosses(logits, targets), options), 'min')
}
