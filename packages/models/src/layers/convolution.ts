/** Convolutional layers; values are channels last: `[batch, ...spatial, channels]`. */
import {
  add,
  conv,
  convTranspose,
  type InitializerLike,
  layer,
  type Module,
  type Padding,
  parameter,
  type PerAxis,
  type Tensor,
  UserError,
  zeros,
} from '@gradpool/core'
import { initializerFor } from '@gradpool/core/engine'
import { checkWidth } from '../widths.js'
import { activationFunction, type ActivationName, firstWeight, type Layer } from './activation.js'
import { checkRank, type SpatialRank } from './spatial.js'

export interface ConvOptions {
  /** From one window to the next. Default: 1. */
  readonly strides?: PerAxis
  /** From one tap of a window to the next. Default: 1. */
  readonly dilations?: PerAxis
  /** Zeros around the input: 'same', 'valid', or their number. Default: 'valid', none. */
  readonly padding?: Padding
  /** Filters of a group see the channels of that group only. Default: 1. */
  readonly groups?: number
  /** Default: linear. */
  readonly activation?: ActivationName
  /**
   * By the taps and channels that a filter sees. Default: heUniform before a ReLU and its like (elu, gelu, hardSwish,
   * leakyRelu, mish, silu), else glorotUniform.
   */
  readonly weight?: InitializerLike
  /** Default: zeros; `false` for a layer without bias. */
  readonly bias?: InitializerLike | false
}

/** A bound convolution: a function, with its parameters. */
export type Conv = Layer & { readonly weight: Tensor; readonly bias: Tensor }

/** The layer of options, which has a bias unless they say `bias: false`. */
type ConvModule<Options> = Module<Options extends { readonly bias: false } ? Layer & Pick<Conv, 'weight'> : Conv>

/**
 * activation(convolution of x + bias): `[batch, length, channels]` to `[batch, length, filters]`.
 *
 * Parameters: `weight` [taps, channels / groups, filters], `bias` [filters]. Input of integers, such as pixels, counts
 * as f32.
 *
 * @param window taps of a filter
 * @throws UserError for numbers that are not whole numbers of at least 1
 */
export function conv1d<const Options extends ConvOptions>(
  channels: number,
  filters: number,
  window: PerAxis,
  options?: Options,
): ConvModule<Options> {
  return convolution('conv1d', 1, channels, filters, window, options)
}

/**
 * activation(convolution of x + bias): `[batch, height, width, channels]` to `[batch, height, width, filters]`.
 *
 * Parameters: `weight` [...window, channels / groups, filters], `bias` [filters]. Input of integers, such as pixels,
 * counts as f32.
 *
 * @param window taps of a filter along both axes, or `[along height, along width]`
 * @throws UserError for numbers that are not whole numbers of at least 1
 */
export function conv2d<const Options extends ConvOptions>(
  channels: number,
  filters: number,
  window: PerAxis,
  options?: Options,
): ConvModule<Options> {
  return convolution('conv2d', 2, channels, filters, window, options)
}

/** As `conv2d`, over `[batch, depth, height, width, channels]`. */
export function conv3d<const Options extends ConvOptions>(
  channels: number,
  filters: number,
  window: PerAxis,
  options?: Options,
): ConvModule<Options> {
  return convolution('conv3d', 3, channels, filters, window, options)
}

export interface DepthwiseConvOptions extends Omit<ConvOptions, 'groups'> {
  /** Filters of each channel. Default: 1. */
  readonly multiplier?: number
}

/**
 * A convolution of each channel by itself: `[batch, height, width, channels]` to `[batch, height, width, channels *
 * multiplier]`, where the filters of a channel lie side by side.
 *
 * Parameters: `weight` [...window, 1, channels * multiplier], `bias` [channels * multiplier].
 *
 * @throws UserError for numbers that are not whole numbers of at least 1
 */
export function depthwiseConv2d<const Options extends DepthwiseConvOptions>(
  channels: number,
  window: PerAxis,
  options?: Options,
): ConvModule<Options> {
  const { multiplier = 1, ...others }: DepthwiseConvOptions = options ?? {}
  checkWidth('depthwiseConv2d: multiplier', multiplier)
  return convolution('depthwiseConv2d', 2, channels, channels * multiplier, window, { ...others, groups: channels })
}

/** A bound separable convolution: a function, with its two parts. */
export type SeparableConv = Layer & { readonly depthwise: Layer & Pick<Conv, 'weight'>; readonly pointwise: Conv }

/**
 * A depthwise convolution, and then one of a single tap that mixes the channels: `[batch, height, width, channels]` to
 * `[batch, height, width, filters]`. Strides, dilations and padding are those of the first; bias and activation those
 * of the second. Source: Chollet (2017).
 *
 * Parameters: `depthwise.weight` [...window, 1, channels * multiplier], `pointwise.weight` [1, 1, channels *
 * multiplier, filters], `pointwise.bias` [filters].
 *
 * @throws UserError for numbers that are not whole numbers of at least 1
 */
export function separableConv2d(
  channels: number,
  filters: number,
  window: PerAxis,
  options: Omit<DepthwiseConvOptions, 'bias'> & { readonly bias?: InitializerLike } = {},
): Module<SeparableConv> {
  const { multiplier = 1, activation = 'linear', bias = zeros, weight, ...windows } = options
  checkWidth('separableConv2d: multiplier', multiplier)
  const ofWeight = weight !== undefined && { weight }
  const depthwise = depthwiseConv2d(channels, window, { ...windows, ...ofWeight, multiplier, bias: false })
  const pointwise = conv2d(channels * multiplier, filters, 1, { ...ofWeight, activation, bias })
  return layer({ depthwise, pointwise }, (own) => (x: Tensor) => own.pointwise(own.depthwise(x)))
}

export interface TransposedConvOptions extends ConvOptions {
  /**
   * Height and width of the result. Default: with padding 'same' those of the input times the strides, else the least
   * that all windows fit in.
   */
  readonly outputs?: PerAxis
}

/**
 * activation(transposed convolution of x + bias): `[batch, height, width, channels]` to `[batch, height, width,
 * filters]`, larger by the strides.
 *
 * Parameters: `weight` [...window, filters / groups, channels], as the convolution has it that is transposed; `bias`
 * [filters].
 *
 * @throws UserError for numbers that are not whole numbers of at least 1
 */
export function conv2dTranspose<const Options extends TransposedConvOptions>(
  channels: number,
  filters: number,
  window: PerAxis,
  options?: Options,
): ConvModule<Options> {
  const { outputs, ...others }: TransposedConvOptions = options ?? {}
  return convolution('conv2dTranspose', 2, channels, filters, window, others, {
    shape: (taps, groups) => [...taps, filters / groups, channels],
    apply: (x, weight, windows) => convTranspose(x, weight, { ...windows, ...(outputs !== undefined && { outputs }) }),
  })
}

interface Kind {
  /** Of the weight. */
  shape(taps: readonly number[], groups: number): readonly number[]
  apply(x: Tensor, weight: Tensor, windows: Parameters<typeof conv>[2]): Tensor
}

/** All layers of this file. */
function convolution<const Options extends ConvOptions>(
  name: string,
  rank: SpatialRank,
  channels: number,
  filters: number,
  window: PerAxis,
  options: Options | undefined,
  kind?: Kind,
): ConvModule<Options>
function convolution(
  name: string,
  rank: SpatialRank,
  channels: number,
  filters: number,
  window: PerAxis,
  options: ConvOptions = {},
  kind: Kind = { shape: (taps, groups) => [...taps, channels / groups, filters], apply: conv },
): Module<Layer> {
  const { activation = 'linear', bias = zeros, weight, ...windows } = options
  const { groups = 1 } = windows
  checkWidth(`${name}: channels`, channels)
  checkWidth(`${name}: filters`, filters)
  checkWidth(`${name}: groups`, groups)
  const taps = typeof window === 'number' ? Array.from({ length: rank }, () => window) : window
  if (taps.length !== rank) throw new UserError(`${name}: the window must have ${rank} numbers, not ${taps.length}`)
  for (const extent of taps) checkWidth(`${name}: the window`, extent)
  for (const [what, count] of Object.entries({ channels, filters })) {
    if (count % groups !== 0) throw new UserError(`${name}: ${count} ${what} do not divide into ${groups} groups`)
  }
  const apply = activationFunction(activation)
  const first = weight ?? firstWeight(activation)
  // A filter sees the channels of its group, and a channel meets the filters of its group.
  const ofGroup = [...taps, channels / groups, filters / groups]
  const axes = [...taps.map(() => 'window' as const), 'in' as const, 'out' as const]
  const own = parameter([...kind.shape(taps, groups)], initializerFor(first, ofGroup), axes)
  const convolved = (x: Tensor, weight: Tensor) => {
    checkRank(name, x, rank)
    return kind.apply(x, weight, windows)
  }
  if (bias === false) return layer({ weight: own }, (own) => (x: Tensor) => apply(convolved(x, own.weight)))
  return layer(
    { weight: own, bias: parameter([filters], bias) },
    (own) => (x: Tensor) => apply(add(convolved(x, own.weight), own.bias)),
  )
}
