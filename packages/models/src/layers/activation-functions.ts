/**
 * Activations of the field that core has no op for, as compositions of its ops: `[...]` to `[...]`, element by element.
 * Values and gradients are finite for every x that a network meets, and NaN stays NaN.
 */
import {
  abs,
  add,
  div,
  erf,
  exp,
  less,
  lessEqual,
  log1p,
  maximum,
  mul,
  neg,
  relu,
  select,
  sigmoid,
  sub,
  tanh,
  type Tensor,
} from '@gradpool/core'

export interface GeluOptions {
  /** 'tanh' is within 0.0005 of the definition, and the default of JAX. Default: 'none', the definition. */
  readonly approximate?: 'none' | 'tanh'
}

/**
 * x·Φ(x) = x/2 · (1 + erf(x/√2)), as PyTorch and Keras have it; or x/2 · (1 + tanh(√(2/π)·(x + 0.044715·x³))). Source:
 * Hendrycks & Gimpel (2016).
 *
 * The latter as x·σ(2u) for tanh(u), which is the same and does not cancel where x is far below 0.
 */
export function gelu(x: Tensor, { approximate = 'none' }: GeluOptions = {}): Tensor {
  if (approximate === 'none') return mul(mul(x, 0.5), add(erf(mul(x, Math.SQRT1_2)), 1))
  const cubic = add(mul(mul(x, x), 2 * Math.sqrt(2 / Math.PI) * 0.044715), 2 * Math.sqrt(2 / Math.PI))
  return mul(x, sigmoid(mul(x, cubic)))
}

/** x·σ(x), also called swish. Source: Elfwing et al. (2017). */
export function silu(x: Tensor): Tensor {
  return mul(x, sigmoid(x))
}

/** x above 0, else slope·x; the gradient at 0 is the slope. Source: Maas et al. (2013). */
export function leakyRelu(x: Tensor, slope = 0.01): Tensor {
  return select(less(0, x), x, mul(x, slope))
}

/** x above 0, else e^x - 1; the gradient at 0 is 1. Source: Clevert et al. (2015). */
export function elu(x: Tensor): Tensor {
  const isPositive = less(0, x)
  // The exponential of a large x would be infinite, and its gradient 0 · ∞, chosen or not.
  return select(isPositive, x, sub(exp(select(isPositive, 0, x)), 1))
}

/**
 * log(1 + e^x), as max(x, 0) + log1p(e^-|x|), which does not overflow. (max, and not relu, since the two halves of its
 * gradient at 0 make σ(0).)
 */
export function softplus(x: Tensor): Tensor {
  return add(maximum(x, 0), log1p(exp(neg(abs(x)))))
}

/** x·tanh(softplus(x)). Source: Misra (2019). */
export function mish(x: Tensor): Tensor {
  return mul(x, tanh(softplus(x)))
}

/** x·hardSigmoid(x). Source: Howard et al. (2019). */
export function hardSwish(x: Tensor): Tensor {
  return mul(x, hardSigmoid(x))
}

/** (x + 3) / 6 between -3 and 3, 0 below and 1 above, as in PyTorch; the gradients at -3 and 3 are 0. */
export function hardSigmoid(x: Tensor): Tensor {
  const risen = relu(add(x, 3))
  return div(select(lessEqual(6, risen), 6, risen), 6)
}
