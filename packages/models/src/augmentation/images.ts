/**
 * Random changes of images, f32 [batch, height, width, channels], each example its own, anew in each step.
 *
 * All but `affine` and `elastic` are of whole pixels and exact.
 */
import {
  add,
  broadcastTo,
  constant,
  cos,
  div,
  equal,
  flip,
  greaterEqual,
  less,
  matmul,
  mean,
  minimum,
  mul,
  pad,
  randomUniform,
  reshape,
  select,
  sin,
  slice,
  sqrt,
  sub,
  type Tensor,
  type TensorLike,
  transpose,
} from '@gradpool/core'
import { bilinear, floor, indices, uniformIn } from './sampling.js'

export interface FlipOptions {
  /** The probability that left and right change places. Default: 0.5. */
  readonly horizontal?: number
  /** The probability that top and bottom change places. Default: 0. */
  readonly vertical?: number
}

export interface CropOptions {
  /** How many pixels of 0 are set around an image, of which a part of the image's own size is then cut. */
  readonly padding: number
}

export interface AffineOptions {
  /** The largest angle, in degrees. Default: 0. */
  readonly rotate?: number
  /** Sizes are multiplied by a number within 1 ± `zoom`, below 1. Default: 0. */
  readonly zoom?: number
  /** The largest angle, in degrees, that vertical lines lean over by. Default: 0. */
  readonly shear?: number
  /** How far an image moves at most, along each axis, in pixels. Default: 0. */
  readonly shift?: number
}

export interface ElasticOptions {
  /** What the smoothed displacements are multiplied by. Default: 34. */
  readonly alpha?: number
  /** The deviation of the Gaussian that smooths them, in pixels. Default: 4. */
  readonly sigma?: number
}

export interface EraseOptions {
  /** Of an image being changed. Default: 0.5. */
  readonly probability?: number
  /** The least and the largest share of the image that the rectangle has. Default: [0.02, 0.4]. */
  readonly area?: readonly [least: number, most: number]
  /** The least and the largest ratio of its height to its width. Default: [0.3, 1 / 0.3]. */
  readonly aspect?: readonly [least: number, most: number]
  /** What the pixels become. Default: 0. */
  readonly value?: number
}

export function flipped(image: Tensor, { horizontal = 0.5, vertical = 0 }: FlipOptions): Tensor {
  const turned = (x: Tensor, axis: number, what: string, probability: number) => {
    if (probability === 0) return x
    return select(less(randomUniform(each(x), `augment/flip/${what}`), probability), flip(x, axis), x)
  }
  return turned(turned(image, 2, 'horizontal', horizontal), 1, 'vertical', vertical)
}

export function cropped(image: Tensor, { padding }: CropOptions): Tensor {
  const [batch = 1, height = 1, width = 1, channels = 1] = image.shape
  const [rows, columns] = [height + 2 * padding, width + 2 * padding]
  const padded = pad(image, [0, padding, padding, 0], [batch, rows, columns, channels])
  const first = (what: string) => floor(mul(randomUniform(each(image), `augment/crop/${what}`), 2 * padding + 1))
  // Chosen among slices, and not gathered, so that the work on an example stays its own.
  const cut = (x: Tensor, axis: number, begin: Tensor) => {
    const sizes = x.shape.with(axis, image.shape[axis] ?? 1)
    const from = (offset: number) => slice(x, [0, 0, 0, 0].with(axis, offset), sizes)
    return Array.from({ length: 2 * padding }, (_, i) => i + 1).reduce(
      (sofar, offset) => select(equal(begin, offset), from(offset), sofar),
      from(0),
    )
  }
  return cut(cut(padded, 1, first('y')), 2, first('x'))
}

export function mapped(image: Tensor, { rotate = 0, zoom = 0, shear = 0, shift = 0 }: AffineOptions): Tensor {
  if ([rotate, zoom, shear, shift].every((most) => most === 0)) return image
  const [batch = 1] = image.shape
  const drawn = (what: string, middle: number, most: number) =>
    most === 0 ? middle : uniformIn(middle - most, middle + most, [batch, 1, 1], `augment/affine/${what}`)
  const lean = drawn('shear', 0, radians(shear))
  return affineImage(image, {
    angle: drawn('rotate', 0, radians(rotate)),
    zoom: drawn('zoom', 1, zoom),
    lean: div(sin(lean), cos(lean)),
    x: drawn('x', 0, shift),
    y: drawn('y', 0, shift),
  })
}

/** Of each image, [batch, 1, 1] or one for all. */
export interface AffineMap {
  /** In radians, clockwise. */
  readonly angle: TensorLike
  readonly zoom: TensorLike
  /** The tangent of the angle of the shear. */
  readonly lean: TensorLike
  readonly x: TensorLike
  readonly y: TensorLike
}

/**
 * What was at p from the centre is at zoom · R(angle) · [[1, -lean], [0, 1]] · p + (x, y), bilinear; outside is 0.
 *
 * With y downwards, as torchvision has it.
 */
export function affineImage(image: Tensor, { angle, zoom, lean, x, y }: AffineMap): Tensor {
  const [, height = 1, width = 1] = image.shape
  const [middleX, middleY] = [(width - 1) / 2, (height - 1) / 2]
  const right = sub(indices(width, [1, 1, width], -middleX), x)
  const down = sub(indices(height, [1, height, 1], -middleY), y)
  const [cosine, sine] = [cos(angle), sin(angle)]
  const turnedX = add(mul(cosine, right), mul(sine, down))
  const turnedY = sub(mul(cosine, down), mul(sine, right))
  const sourceX = div(add(turnedX, mul(lean, turnedY)), zoom)
  const sourceY = div(turnedY, zoom)
  const whole = image.shape.slice(0, 3)
  return bilinear(image, broadcastTo(add(sourceX, middleX), whole), broadcastTo(add(sourceY, middleY), whole))
}

/** Source: Simard, Steinkraus, Platt, "Best practices for convolutional neural networks" (2003). */
export function distorted(image: Tensor, { alpha = 34, sigma = 4 }: ElasticOptions): Tensor {
  const [batch = 1, height = 1, width = 1] = image.shape
  const field = (what: string) =>
    mul(smoothed(uniformIn(-1, 1, [batch, height, width], `augment/elastic/${what}`), sigma), alpha)
  const x = add(field('x'), indices(width, [1, 1, width]))
  const y = add(field('y'), indices(height, [1, height, 1]))
  return bilinear(image, x, y)
}

/** [batch, height, width] under a Gaussian filter, which ends at four deviations; outside is 0. */
export function smoothed(field: Tensor, sigma: number): Tensor {
  const [batch = 1, height = 1, width = 1] = field.shape
  const along = (x: Tensor, extent: number) => matmul(reshape(x, [-1, extent]), gaussian(extent, sigma))
  const rows = reshape(along(field, width), [batch, height, width])
  const columns = along(transpose(rows, [0, 2, 1]), height)
  return transpose(reshape(columns, [batch, width, height]), [0, 2, 1])
}

/** The filter as a matrix: symmetric, [extent, extent]. */
function gaussian(extent: number, sigma: number): Tensor {
  const radius = Math.floor(4 * sigma + 0.5)
  const weight = (distance: number) => (distance > radius ? 0 : Math.exp(-(distance * distance) / (2 * sigma * sigma)))
  const total = Array.from({ length: 2 * radius + 1 }, (_, i) => weight(Math.abs(i - radius))).reduce((a, b) => a + b)
  const entries = Array.from(
    { length: extent * extent },
    (_, i) => weight(Math.abs(Math.floor(i / extent) - (i % extent))) / total,
  )
  return constant(entries, [extent, extent])
}

/** Source: Zhong et al., "Random erasing data augmentation" (2017). */
export function erased(image: Tensor, options: EraseOptions): Tensor {
  const { probability = 0.5, area = [0.02, 0.4], aspect = [0.3, 1 / 0.3], value = 0 } = options
  const [, height = 1, width = 1] = image.shape
  const shape = each(image)
  const random = (what: string) => randomUniform(shape, `augment/erase/${what}`)
  const pixels = mul(uniformIn(...area, shape, 'augment/erase/area'), height * width)
  const ratio = uniformIn(...aspect, shape, 'augment/erase/aspect')
  const rows = minimum(floor(add(sqrt(mul(pixels, ratio)), 0.5)), height)
  const columns = minimum(floor(add(sqrt(div(pixels, ratio)), 0.5)), width)
  const top = floor(mul(random('y'), sub(height + 1, rows)))
  const left = floor(mul(random('x'), sub(width + 1, columns)))
  const box = inside(image, { top, left, bottom: add(top, rows), right: add(left, columns) })
  return select(mul(box, less(random('chance'), probability)), value, image)
}

/** Pixels times a number within 1 ± `amount`. */
export function brightened(image: Tensor, amount: number): Tensor {
  return mul(image, uniformIn(1 - amount, 1 + amount, each(image), 'augment/brightness'))
}

/** Distances from the image's mean times a number within 1 ± `amount`. */
export function contrasted(image: Tensor, amount: number): Tensor {
  const [batch = 1] = image.shape
  const middle = reshape(mean(reshape(image, [batch, -1]), 1), each(image))
  return add(middle, mul(sub(image, middle), uniformIn(1 - amount, 1 + amount, each(image), 'augment/contrast')))
}

/** Whole numbers, [batch, 1, 1, 1]; bottom and right are the first that are outside. */
export interface Box {
  readonly top: Tensor
  readonly left: Tensor
  readonly bottom: Tensor
  readonly right: Tensor
}

/** 1 within the box of each image, else 0, [batch, height, width, 1]. */
export function inside(image: Tensor, { top, left, bottom, right }: Box): Tensor {
  const [, height = 1, width = 1] = image.shape
  const row = indices(height, [1, height, 1, 1])
  const column = indices(width, [1, 1, width, 1])
  const within = (place: Tensor, first: Tensor, end: Tensor) => mul(greaterEqual(place, first), less(place, end))
  return mul(within(row, top, bottom), within(column, left, right))
}

/** One number an example. */
export function each(image: Tensor): readonly number[] {
  return image.shape.map((extent, axis) => (axis === 0 ? extent : 1))
}

function radians(degrees: number): number {
  return (degrees / 180) * Math.PI
}
