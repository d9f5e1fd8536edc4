/** Batch normalisation. Source: Ioffe & Szegedy (2015). */
import {
  add,
  assign,
  buffer,
  div,
  flush,
  layer,
  mean,
  type Module,
  mul,
  ones,
  parameter,
  sqrt,
  square,
  stopGradient,
  sub,
  type Tensor,
  UserError,
  zeros,
} from '@gradpool/core'
import { checkWidth } from '../widths.js'
import type { Layer } from './activation.js'
import { checkEpsilon, checkLastAxis } from './normalised.js'

export interface BatchNormOptions {
  /** The share of the running statistics that a step keeps. Default: 0.9. */
  readonly momentum?: number
  /** Added to the variance. Default: 1e-5. */
  readonly epsilon?: number
}

/** A bound batch normalisation: a function, with its parameters and running statistics. */
export type BatchNorm = Layer & Readonly<Record<'scale' | 'shift' | 'mean' | 'variance', Tensor>>

/**
 * (x - mean) / sqrt(variance + epsilon) * scale + shift, for each feature; [batch, ..., features] to [batch, ...,
 * features].
 *
 * Training takes mean and variance from the batch, over all axes but the last, and moves the running ones towards
 * them; evaluation and a frozen part take the running ones. The running variance is unbiased, as in
 * torch.nn.BatchNorm1d and 2d; a batch of one number a feature, as the last may be, has none and leaves it as it is
 * (PyTorch refuses such a batch, Keras counts it as 0).
 *
 * Parameters: `scale` and `shift` [features]; buffers: `mean` and `variance` [features]. All are properties of the
 * bound layer.
 */
export function batchNorm(features: number, options: BatchNormOptions = {}): Module<BatchNorm> {
  const { momentum = 0.9, epsilon = 1e-5 } = options
  checkWidth('batchNorm: features', features)
  if (!(momentum >= 0 && momentum < 1)) {
    throw new UserError(`batchNorm: momentum must be at least 0 and below 1, not ${String(momentum)}`)
  }
  checkEpsilon('batchNorm', epsilon)
  const params = {
    scale: parameter([features], ones),
    shift: parameter([features], zeros),
    mean: buffer([features], zeros),
    variance: buffer([features], ones),
  }
  return layer(params, (own, { training }) => (x: Tensor) => {
    checkLastAxis('batchNorm', x, features, 2)
    const allButLast = Array.from({ length: x.rank - 1 }, (_, axis) => axis)
    if (!training) return scaled(sub(x, own.mean), own.variance, own.scale, own.shift)
    // Deviations from any constant c have the mean m - c and the variance mean((x - c)²) - (m - c)². With the batch's
    // mean for c both corrections are 0, but have gradients, and those are of [features]: nothing of x's size is summed
    // for the mean's gradient.
    const center = mean(x, allButLast)
    const fixed = stopGradient(center)
    const deviations = sub(x, fixed)
    const rest = sub(center, fixed)
    const variance = sub(mean(square(deviations), allButLast), square(rest))
    const count = x.size / features
    assign(own.mean, movedTowards(own.mean, center, momentum))
    // One number has no unbiased variance.
    if (count > 1) {
      const unbiased = mul(variance, count / (count - 1))
      assign(own.variance, movedTowards(own.variance, unbiased, momentum))
    }
    return scaled(deviations, variance, own.scale, own.shift, rest)
  })

  /** (deviations - rest) / sqrt(variance + epsilon) * scale + shift */
  function scaled(deviations: Tensor, variance: Tensor, scale: Tensor, shift: Tensor, rest?: Tensor): Tensor {
    const factor = div(scale, sqrt(add(variance, epsilon)))
    return add(mul(deviations, factor), rest ? sub(shift, mul(rest, factor)) : shift)
  }
}

/** Flushed: the statistics of a feature that is always 0 decay through the denormal numbers. */
function movedTowards(running: Tensor, batch: Tensor, momentum: number): Tensor {
  return flush(add(mul(momentum, running), mul(1 - momentum, batch)))
}
