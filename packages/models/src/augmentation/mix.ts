/** Augmentation that mixes each example with another of its batch, and their targets alike. */
import {
  add,
  argSort,
  cast,
  constant,
  div,
  gather,
  isTraining,
  maximum,
  minimum,
  mul,
  oneHot,
  randomUniform,
  reshape,
  select,
  sqrt,
  sub,
  type Tensor,
  UserError,
} from '@gradpool/core'
import { checks } from '@gradpool/core/engine'
import { asColumn, isClass } from '../shapes.js'
import { asImages, type Augmentation, augmentationOptions, type AugmentOptions, changesCheck } from './augment.js'
import { type Box, each, inside } from './images.js'
import { floor } from './sampling.js'

export interface MixupOptions {
  /**
   * Shares are of the distribution Beta(alpha, alpha): small for pairs that are nearly one of the two. Default: 0.2.
   */
  readonly alpha?: number
  /** Of targets that are class numbers. */
  readonly classes?: number
}

export interface CutmixOptions extends AugmentOptions {
  /** The share of the image that stays is of the distribution Beta(alpha, alpha). Default: 1, uniform. */
  readonly alpha?: number
  /** Of targets that are class numbers. */
  readonly classes?: number
}

/** A change that mixes examples and their targets, as plain data. */
export type Mixing =
  | ({ readonly kind: 'mixup' } & Pick<MixupOptions, 'alpha'>)
  | ({ readonly kind: 'cutmix' } & Pick<CutmixOptions, 'alpha'>)

export interface Mixed {
  /** F32 in training, of the shape of the inputs. */
  readonly input: Tensor
  /**
   * In training the mixed targets: of class numbers, distributions over the classes, f32 [batch, classes], as
   * `crossEntropy` and `accuracy` take them. Otherwise the targets as they are.
   */
  readonly target: Tensor
}

/** Quantiles by which a share is drawn. */
const NUM_QUANTILES = 1024

/**
 * In training, λ·x + (1 - λ)·x' of each example x and another one x' of the batch, the targets alike, with a λ for each
 * example; otherwise both as they are. Source: Zhang et al., "mixup: beyond empirical risk minimization" (2018).
 *
 * The others are the batch in a random order. A share is one of 1024 quantiles of its distribution.
 *
 * @param input [batch, ...]
 * @param target class numbers, u8 or i32 [batch], with `classes`; or f32 [batch, ...]
 * @throws UserError for options out of range, or class numbers without `classes`
 */
export function mixup(input: Tensor, target: Tensor, options: MixupOptions = {}): Mixed {
  checkMix('mixup', options)
  return isTraining() ? mixedUp(input, target, options) : { input, target }
}

function mixedUp(input: Tensor, target: Tensor, { alpha = 0.2, classes }: MixupOptions): Mixed {
  const share = drawnShare('mixup', input, alpha)
  const others = partners('mixup', input)
  const mixedBy = (x: Tensor) => mixed(x, others(x), share)
  return { input: mixedBy(cast(input, 'f32')), target: mixedBy(distribution('mixup', target, classes)) }
}

/**
 * In training, each image with a rectangle of another one of the batch in it, the targets mixed by the pixels of each;
 * otherwise both as they are. Source: Yun et al., "CutMix: regularization strategy to train strong classifiers with
 * localizable features" (2019).
 *
 * The rectangle has the image's own ratio of sides; its middle is anywhere, and what is beyond the image is left out.
 *
 * @param input images [batch, height, width] or [batch, height, width, channels], or flat with `imageShape`
 * @param target as of `mixup`
 * @throws UserError for options out of range, images without a shape, or class numbers without `classes`
 */
export function cutmix(input: Tensor, target: Tensor, options: CutmixOptions = {}): Mixed {
  checkMix('cutmix', options)
  return isTraining() ? cutMixed(input, target, options) : { input, target }
}

function cutMixed(input: Tensor, target: Tensor, { alpha = 1, classes, imageShape }: CutmixOptions): Mixed {
  const image = asImages('cutmix', cast(input, 'f32'), imageShape)
  const [, height = 1, width = 1] = image.shape
  const side = sqrt(sub(1, drawnShare('cutmix', image, alpha)))
  const span = (what: string, extent: number) => {
    const half = floor(mul(floor(mul(side, extent)), 0.5))
    const middle = floor(mul(randomUniform(each(image), `augment/cutmix/${what}`), extent))
    return [maximum(sub(middle, half), 0), minimum(add(middle, half), extent)] as const
  }
  const [[top, bottom], [left, right]] = [span('y', height), span('x', width)]
  const box: Box = { top, left, bottom, right }
  const kept = sub(1, div(mul(sub(bottom, top), sub(right, left)), height * width))
  const others = partners('cutmix', image)
  const targets = distribution('cutmix', target, classes)
  return {
    input: reshape(select(inside(image, box), others(image), image), input.shape),
    target: mixed(targets, others(targets), kept),
  }
}

/** One after the other, always. */
export function mixedBy(
  mixings: readonly Mixing[],
  { input, target }: Mixed,
  options: Omit<CutmixOptions, 'alpha'>,
): Mixed {
  return mixings.reduce(
    (sofar: Mixed, { kind, ...own }) => {
      return (kind === 'mixup' ? mixedUp : cutMixed)(sofar.input, sofar.target, { ...options, ...own })
    },
    { input, target },
  )
}

export function isMixing(change: Augmentation | Mixing): change is Mixing {
  return change.kind === 'mixup' || change.kind === 'cutmix'
}

/** @param share one an example, of any rank */
function mixed(x: Tensor, other: Tensor, share: Tensor): Tensor {
  const shares = reshape(share, each(x))
  return add(mul(x, shares), mul(other, sub(1, shares)))
}

/** Each row's other one: the batch in a random order. */
function partners(name: string, { shape: [batch = 1] }: Tensor): (x: Tensor) => Tensor {
  const order = argSort(randomUniform([batch], `augment/${name}/order`))
  return (x) => gather(x, order)
}

function drawnShare(name: string, input: Tensor, alpha: number): Tensor {
  const place = mul(randomUniform(each(input), `augment/${name}/share`), NUM_QUANTILES)
  return gather(constant(betaQuantiles(alpha, NUM_QUANTILES)), cast(place, 'i32'))
}

/** @throws UserError for class numbers without `classes` */
function distribution(name: string, target: Tensor, classes: number | undefined): Tensor {
  if (target.dtype === 'f32') return target
  if (classes === undefined) throw new UserError(`${name}: targets that are class numbers need \`classes\``)
  if (target.rank !== 1) throw new UserError(`${name}: class numbers must be [batch], not ${target.toString()}`)
  // A label that is none of the classes is NaN, as `crossEntropy` has it.
  return div(oneHot(target, classes), asColumn(isClass(target, classes)))
}

const alphaCheck = checks.check('above 0 and at most 100', (x) => typeof x === 'number' && x > 0 && x <= 100)

/** Of a list in which there may be mixings, too. @throws FieldError that names the first option that is wrong */
export const checkChanges: checks.Check = changesCheck({
  ...augmentationOptions,
  mixup: { alpha: [alphaCheck] },
  cutmix: { alpha: [alphaCheck] },
})

function checkMix(name: string, { alpha, classes }: MixupOptions): void {
  checks.checkOptions(name, checks.object({ alpha: [alphaCheck], classes: [checks.whole(1)] }), { alpha, classes })
}

/**
 * The quantiles of Beta(alpha, alpha) at (i + 1/2) / count, rising.
 *
 * With x = t^(1/p), p the lesser of alpha and 1, the density by t is t^(alpha/p - 1) · (1 - x)^(alpha - 1), bounded up
 * to x = 1/2; beyond, the distribution is its own mirror image. Summed by Simpson's rule, inverted along a line in each
 * cell.
 */
export function betaQuantiles(alpha: number, count: number): number[] {
  const cells = 4096
  const power = Math.min(alpha, 1)
  const cell = 0.5 ** power / cells
  const density = (t: number) => t ** (alpha / power - 1) * (1 - t ** (1 / power)) ** (alpha - 1)
  const sums = [0]
  for (let i = 0; i < cells; i++) {
    const [a, b, c] = [i, i + 0.5, i + 1].map((place) => density(place * cell))
    sums.push((sums[i] ?? 0) + ((a ?? 0) + 4 * (b ?? 0) + (c ?? 0)) / 6)
  }
  const half = sums[cells] ?? 1
  let at = 0
  const lower = Array.from({ length: Math.ceil(count / 2) }, (_, i) => {
    const wanted = (2 * half * (i + 0.5)) / count
    while (at < cells - 1 && (sums[at + 1] ?? half) < wanted) at++
    const [below, above] = [sums[at] ?? 0, sums[at + 1] ?? half]
    return (cell * (at + (wanted - below) / (above - below))) ** (1 / power)
  })
  return Array.from({ length: count }, (_, i) => lower[i] ?? 1 - (lower[count - 1 - i] ?? 0))
}
