/** Augmentation: random changes of what is learnt from, as plain data, so that experiments can say them. */
import {
  add,
  cast,
  gather,
  greaterEqual,
  isTraining,
  less,
  maximum,
  minimum,
  mul,
  randomNormal,
  randomUniform,
  reshape,
  select,
  sub,
  type Tensor,
  UserError,
} from '@gradpool/core'
import { checks } from '@gradpool/core/engine'
import {
  type AffineOptions,
  brightened,
  contrasted,
  type CropOptions,
  cropped,
  distorted,
  type ElasticOptions,
  erased,
  type EraseOptions,
  flipped,
  type FlipOptions,
  mapped,
} from './images.js'
import { checkPlaces, floor, indices } from './sampling.js'

interface Kinds {
  /** Left and right change places, or top and bottom. Of images. */
  readonly flip: FlipOptions
  /** A part of the padded image, of the image's own size. Of images. */
  readonly crop: CropOptions
  /** Turned, sized, sheared and moved, bilinear; outside of an image is 0. Of images. */
  readonly affine: AffineOptions
  /** Each pixel moved by smooth random displacements (Simard et al. 2003). Of images. */
  readonly elastic: ElasticOptions
  /** A rectangle filled with a value (Zhong et al. 2017). Of images. */
  readonly erase: EraseOptions
  /** Pixels times a number within 1 ± `amount`. Of images. */
  readonly brightness: { readonly amount: number }
  /** Distances from the image's mean times a number within 1 ± `amount`. Of images. */
  readonly contrast: { readonly amount: number }
  /** Normal numbers of this deviation are added. Of anything. */
  readonly noise: { readonly deviation: number }
  /** This share of the cells is taken from the same place of another row of the batch. Of anything. */
  readonly swap: { readonly share: number }
}

/** One random change: `{ kind: 'flip', horizontal: 0.5 }`. */
export type Augmentation = { readonly [K in keyof Kinds]: { readonly kind: K } & Kinds[K] }[keyof Kinds]

export interface AugmentOptions {
  /** Of images that come flat, [batch, pixels]: their height and width, and channels where there are several. */
  readonly imageShape?: readonly number[] | undefined
}

const below1 = checks.number(0, 1)
const atLeast0 = checks.number(0)
const isShare = (x: unknown) => typeof x === 'number' && x >= 0 && x <= 1
const isPositive = (x: unknown) => typeof x === 'number' && x > 0 && x < Infinity
const share = checks.check('a number from 0 to 1', isShare)
const finite = checks.check('a number', Number.isFinite)
const range = (of: string, fits: (x: unknown) => boolean) =>
  checks.check(`[least, most] of ${of}`, (x) => {
    return Array.isArray(x) && x.length === 2 && x.every(fits) && Number(x[0]) <= Number(x[1])
  })

export const augmentationOptions: Readonly<Record<keyof Kinds, checks.Checks>> = {
  flip: { horizontal: [share], vertical: [share] },
  crop: { padding: checks.whole(1, 64) },
  affine: { rotate: [atLeast0], zoom: [below1], shear: [checks.number(0, 90)], shift: [atLeast0] },
  elastic: { alpha: [atLeast0], sigma: [checks.positive] },
  erase: {
    probability: [share],
    area: [range('shares', isShare)],
    aspect: [range('positive numbers', isPositive)],
    value: [finite],
  },
  brightness: { amount: share },
  contrast: { amount: share },
  noise: { deviation: atLeast0 },
  swap: { share },
}

/** Of a list of changes, by the options of each kind. @throws FieldError that names the first option that is wrong */
export function changesCheck(options: Readonly<Record<string, checks.Checks>>): checks.Check {
  const kindOf = checks.oneOf(...Object.keys(options))
  return checks.listOf((value, field) => {
    if (!checks.isRecord(value)) throw checks.refusal("an object such as { kind: 'flip' }", value, field)
    kindOf(value.kind, `${field}.kind`)
    checks.object({ kind: kindOf, ...options[String(value.kind)] })(value, field)
  })
}

/** @throws FieldError that names the first option that is wrong */
export const checkAugmentations: checks.Check = changesCheck(augmentationOptions)

/**
 * In training, `x` with these changes made one after the other, each example and each step its own; otherwise `x` as it
 * is. Numbers depend on seed, step and example alone, so the number of workers changes nothing.
 *
 * What begins as bytes stays within 0 … 255 under `brightness`, `contrast` and `noise`, without being rounded.
 *
 * @param x images [batch, height, width] or [batch, height, width, channels], or flat with `imageShape`; for `noise`
 *   and `swap`, rows of any shape
 * @returns in training f32, of the shape of `x`
 * @throws UserError for options out of range, or images without a shape
 */
export function augment(x: Tensor, augmentations: readonly Augmentation[], options: AugmentOptions = {}): Tensor {
  checkAugmentations(augmentations, 'augment')
  return augmentations.length > 0 && isTraining() ? augmented(x, augmentations, options) : x
}

/** The same, always. */
export function augmented(
  x: Tensor,
  augmentations: readonly Augmentation[],
  { imageShape }: AugmentOptions = {},
): Tensor {
  const isBytes = x.dtype === 'u8'
  const clipped = (values: Tensor) => (isBytes ? minimum(maximum(values, 0), 255) : values)
  return augmentations.reduce(
    (sofar, each) => {
      const ofImages = (change: (image: Tensor) => Tensor) =>
        reshape(change(asImages(`augment: ${each.kind}`, sofar, imageShape)), x.shape)
      switch (each.kind) {
        case 'flip':
          return ofImages((image) => flipped(image, each))
        case 'crop':
          return ofImages((image) => cropped(image, each))
        case 'affine':
          return ofImages((image) => mapped(image, each))
        case 'elastic':
          return ofImages((image) => distorted(image, each))
        case 'erase':
          return ofImages((image) => erased(image, each))
        case 'brightness':
          return clipped(ofImages((image) => brightened(image, each.amount)))
        case 'contrast':
          return clipped(ofImages((image) => contrasted(image, each.amount)))
        case 'noise':
          return clipped(add(sofar, mul(randomNormal(x.shape, 'augment/noise'), each.deviation)))
        case 'swap':
          return swapped(sofar, each.share)
      }
    },
    cast(x, 'f32'),
  )
}

/** As [batch, height, width, channels]. @throws UserError for what has no such shape */
export function asImages(what: string, x: Tensor, imageShape?: readonly number[]): Tensor {
  const [batch = 1, ...own] = x.shape
  const [height, width, channels = 1, ...more] = own.length === 1 ? (imageShape ?? []) : own
  if (height !== undefined && width !== undefined && more.length === 0) {
    if (batch * height * width * channels === x.size) return reshape(x, [batch, height, width, channels])
  }
  const given = imageShape === undefined ? '' : ` and imageShape [${imageShape.join(', ')}]`
  throw new UserError(
    `${what} needs images [batch, height, width] or [batch, height, width, channels], or [batch, pixels] and imageShape; not ${x.toString()}${given}`,
  )
}

/** Swap noise: a cell takes the value that another row of the batch has there. */
function swapped(x: Tensor, share: number): Tensor {
  const [batch = 1] = x.shape
  if (batch === 1 || share === 0) return x
  const cells = reshape(x, [batch, -1])
  const [, width = 1] = cells.shape
  const random = (what: string) => randomUniform([batch, width], `augment/swap/${what}`)
  // The rows after one's own, around the batch.
  const after = add(add(floor(mul(random('row'), batch - 1)), 1), indices(batch, [batch, 1]))
  const row = sub(after, mul(greaterEqual(after, batch), batch))
  checkPlaces(batch, width)
  const place = cast(add(mul(row, width), indices(width, [1, width])), 'i32')
  const others = reshape(gather(reshape(cells, [-1]), reshape(place, [-1])), [batch, width])
  return reshape(select(less(random('chance'), share), others, cells), x.shape)
}
