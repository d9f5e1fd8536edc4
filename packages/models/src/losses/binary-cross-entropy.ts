/** Cross-entropy of independent yes-or-no logits. */
import { abs, add, exp, log, mean, mul, neg, relu, sub, type Tensor } from '@gradpool/core'

/**
 * The mean over batch and features of -target·log σ(logit) - (1 - target)·log(1 - σ(logit)); f32 scalar.
 *
 * Computed as relu(z) - z·target + log(1 + e^-|z|), which neither overflows nor cancels for any logit z.
 *
 * @param logits [batch, ...]
 * @param targets of the same shape, in [0, 1]
 */
export function binaryCrossEntropy(logits: Tensor, targets: Tensor): Tensor {
  const softplus = log(add(1, exp(neg(abs(logits)))))
  return mean(add(sub(relu(logits), mul(logits, targets)), softplus))
}
