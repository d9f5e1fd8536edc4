/** Norms of each example by itself, the same in training and evaluation. */
import {
  add,
  div,
  layer,
  mean,
  type Module,
  mul,
  ones,
  parameter,
  reshape,
  sqrt,
  square,
  type Tensor,
  UserError,
  zeros,
} from '@gradpool/core'
import { checkWidth } from '../widths.js'
import type { Layer } from './activation.js'
import { checkEpsilon, checkLastAxis, momentsOf, normalised } from './normalised.js'

export interface NormOptions {
  /** Added to the variance, or to the mean square. Default: 1e-5. */
  readonly epsilon?: number
}

/** A bound norm with a scale: a function, with its parameter. */
export type ScaledNorm = Layer & { readonly scale: Tensor }

/** A bound norm with scale and shift: a function, with its parameters. */
export type ShiftedNorm = ScaledNorm & { readonly shift: Tensor }

/**
 * (x - mean) / sqrt(variance + epsilon) * scale + shift, with mean and variance of each row of the last axis: [...,
 * width] to [..., width]. Source: Ba et al. (2016).
 *
 * Parameters: `scale` and `shift` [width].
 *
 * @throws UserError for a width that is not a whole number of at least 1, or an epsilon that is not positive
 */
export function layerNorm(width: number, { epsilon = 1e-5 }: NormOptions = {}): Module<ShiftedNorm> {
  checkWidth('layerNorm: width', width)
  checkEpsilon('layerNorm', epsilon)
  return layer(scaleAndShift(width), (own) => (x: Tensor) => {
    checkLastAxis('layerNorm', x, width)
    return add(mul(normalised(x, momentsOf(x, [-1], { keepDims: true }), epsilon), own.scale), own.shift)
  })
}

/**
 * As `layerNorm`, with mean and variance over all positions and the channels of one group, which lie side by side:
 * [batch, ..., channels] to [batch, ..., channels]. One group normalises each example, as many groups as channels
 * each channel of it (instance normalisation). Source: Wu & He (2018).
 *
 * Parameters: `scale` and `shift` [channels].
 *
 * @throws UserError for numbers that are not whole numbers of at least 1, channels that do not divide into the groups,
 *   or an epsilon that is not positive
 */
export function groupNorm(groups: number, channels: number, { epsilon = 1e-5 }: NormOptions = {}): Module<ShiftedNorm> {
  checkWidth('groupNorm: groups', groups)
  checkWidth('groupNorm: channels', channels)
  if (channels % groups !== 0) {
    throw new UserError(`groupNorm: ${channels} channels do not divide into ${groups} groups`)
  }
  checkEpsilon('groupNorm', epsilon)
  return layer(scaleAndShift(channels), (own) => (x: Tensor) => {
    checkLastAxis('groupNorm', x, channels, 2)
    const [batch = 1] = x.shape
    const grouped = reshape(x, [batch, -1, groups, channels / groups])
    const each = normalised(grouped, momentsOf(grouped, [1, 3], { keepDims: true }), epsilon)
    return add(mul(reshape(each, x.shape), own.scale), own.shift)
  })
}

/**
 * x / sqrt(mean of x² + epsilon) * scale, with the mean of each row of the last axis: [..., width] to [..., width].
 * Source: Zhang & Sennrich (2019).
 *
 * Parameter: `scale` [width].
 *
 * @throws UserError as `layerNorm`
 */
export function rmsNorm(width: number, { epsilon = 1e-5 }: NormOptions = {}): Module<ScaledNorm> {
  checkWidth('rmsNorm: width', width)
  checkEpsilon('rmsNorm', epsilon)
  return layer({ scale: parameter([width], ones) }, (own) => (x: Tensor) => {
    checkLastAxis('rmsNorm', x, width)
    return mul(div(x, sqrt(add(mean(square(x), -1, { keepDims: true }), epsilon))), own.scale)
  })
}

function scaleAndShift(width: number) {
  return { scale: parameter([width], ones), shift: parameter([width], zeros) }
}
