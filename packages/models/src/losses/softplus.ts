/** The smooth form of max(x, 0). */
import { abs, add, exp, log1p, maximum, neg, type Tensor } from '@gradpool/core'

/** log(1 + e^x) = -log σ(-x), which neither overflows nor cancels for any x. */
export function softplus(x: Tensor): Tensor {
  return add(maximum(x, 0), log1p(exp(neg(abs(x)))))
}
