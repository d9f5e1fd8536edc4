/** Pixels at places of each image of its own: what maps and displacements of images are made of. */
import {
  add,
  cast,
  constant,
  gather,
  maximum,
  minimum,
  mul,
  pad,
  randomUniform,
  reshape,
  sub,
  type Tensor,
  UserError,
} from '@gradpool/core'

/** Whole numbers below it are exact in f32. */
const MOST_PLACES = 2 ** 24

/**
 * The bilinear values of images at places of their own; outside of an image is 0.
 *
 * @param image f32 [batch, height, width, channels]
 * @param x, y [batch, height, width], in pixels from the middle of the first one
 * @returns of the shape of the images
 */
export function bilinear(image: Tensor, x: Tensor, y: Tensor): Tensor {
  const [batch = 1, height = 1, width = 1, channels = 1] = image.shape
  // A rim of zeros stands for all that is outside; places beyond it are moved onto it.
  const [rows, columns] = [height + 2, width + 2]
  const rimmed = pad(image, [0, 1, 1, 0], [batch, rows, columns, channels])
  const table = reshape(rimmed, [batch * rows * columns, channels])
  const [rimX, rimY] = [onto(x, columns), onto(y, rows)]
  const [left, top] = [floor(rimX), floor(rimY)]
  const share = (place: Tensor, first: Tensor) => reshape(sub(place, first), [batch, height, width, 1]) // in [0, 1)
  const [right, down] = [share(rimX, left), share(rimY, top)]
  const corner = add(add(mul(top, columns), left), firstOfEach(batch, rows * columns))
  const pixel = (offset: number) => {
    const numbers = reshape(cast(add(corner, offset), 'i32'), [batch * height * width])
    return reshape(gather(table, numbers), image.shape)
  }
  const above = between(pixel(0), pixel(1), right)
  const below = between(pixel(columns), pixel(columns + 1), right)
  return between(above, below, down)
}

/** The number of each example's first pixel in a table of all, [batch, 1, 1]. @throws UserError for too many */
function firstOfEach(batch: number, pixels: number): Tensor {
  checkPlaces(batch, pixels)
  return indices(batch, [batch, 1, 1], 0, pixels)
}

/** @throws UserError for more places than f32 numbers can count */
export function checkPlaces(batch: number, places: number): void {
  if (batch * places <= MOST_PLACES) return
  throw new UserError(
    `augmentation: a batch of ${batch} × ${places} numbers has more than 2^24 places: take a smaller batch`,
  )
}

/** first, first + step, … along one axis of a shape that is 1 along the others. */
export function indices(extent: number, shape: readonly number[], first = 0, step = 1): Tensor {
  return constant(
    Array.from({ length: extent }, (_, i) => first + step * i),
    shape,
  )
}

/** Of what is not negative. */
export function floor(x: Tensor): Tensor {
  return cast(cast(x, 'i32'), 'f32')
}

/** Uniform in [least, most), anew in each step. */
export function uniformIn(least: number, most: number, shape: readonly number[], purpose: string): Tensor {
  return add(mul(randomUniform(shape, purpose), most - least), least)
}

/** A place as one within the rim: from the first of `extent` pixels to the last, whose next has a share of 0. */
function onto(place: Tensor, extent: number): Tensor {
  return minimum(maximum(add(place, 1), 0), extent - 1)
}

function between(a: Tensor, b: Tensor, share: Tensor): Tensor {
  return add(a, mul(share, sub(b, a)))
}
