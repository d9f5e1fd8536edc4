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
  sub,
  type Tensor,
  UserError,
  zeros,
} from '@gradpool/core'
import { checkWidth } from '../widths.js'
import type { Layer } from './activation.js'

export interface BatchNormOptions {
  /** The share of the running statistics that a step keeps. Default: 0.9. */
  readonly momentum?: number
  /** Added to the variance. Default: 1e-5. */
  readonly epsilon?: number
}

/** A bound batch normalisation: a function, with its parameters and running statistics. */
export type BatchNorm = Layer & Readonly<Record<'scale' | 'shift' | 'mean' | 'variance', Tensor>>

/**
 * (x - mean) / sqrt(variance + epsilon) * scale + shift, for each feature; [batch, features] to [batch, features].
 *
 * Training takes mean and variance from the batch, and moves the running ones towards them; evaluation and a frozen
 * part take the running ones. The running variance is unbiased, as in torch.nn.BatchNorm1d; a batch of one
 * example, as the last may be, has none and leaves it as it is (PyTorch refuses such a batch, Keras counts it as 0).
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
  if (!(epsilon > 0)) {
    throw new UserError(`batchNorm: epsilon must be positive, not ${String(epsilon)}`)
  }
  const params = {
    scale: parameter([features], ones),
    shift: parameter([features], zeros),
    mean: buffer([features], zeros),
    variance: buffer([features], ones),
  }
  return layer(params, (own, { training }) => (x: Tensor) => {
    const used = training ? batchStatistics(x) : own
    if (training) {
      const numExamples = x.shape[0] ?? 1
      assign(own.mean, movedTowards(own.mean, used.mean, momentum))
      // One example has no unbiased variance.
      if (numExamples > 1) {
        const unbiased = mul(used.variance, numExamples / (numExamples - 1))
        assign(own.variance, movedTowards(own.variance, unbiased, momentum))
      }
    }
    const normalised = div(sub(x, used.mean), sqrt(add(used.variance, epsilon)))
    return add(mul(normalised, own.scale), own.shift)
  })
}

/** Mean and (biased) variance of each feature. */
function batchStatistics(x: Tensor): { mean: Tensor; variance: Tensor } {
  const batchMean = mean(x, 0)
  return { mean: batchMean, variance: mean(square(sub(x, batchMean)), 0) }
}

/** Flushed: the statistics of a feature that is always 0 decay through the denormal numbers. */
function movedTowards(running: Tensor, batch: Tensor, momentum: number): Tensor {
  return flush(add(mul(momentum, running), mul(1 - momentum, batch)))
}
