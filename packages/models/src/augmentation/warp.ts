/** Small random affine maps of images: what an image still shows the same thing after. */
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

export interface WarpOptions {
  /** How far an image moves at most, along each axis, in pixels. Default: 2. */
  readonly shift?: number
  /** How far each entry of the 2 × 2 matrix is from the identity's at most: zoom, rotation, shear. Default: 0.25. */
  readonly strain?: number
}

/**
 * Each image under an affine map of its own about its centre, anew in each step, bilinear; outside of an image is 0.
 *
 * The pixel at p shows what was at A·p + t, with p from the centre, A the identity plus uniform numbers within ±
 * `strain`, and t uniform within ± `shift`.
 *
 * @param image [batch, height * width]; no gradient passes to it
 * @param shape height and width
 * @returns f32 [batch, height * width]
 * @throws UserError where the pixels are not those of the shape, or an option is out of range
 */
export function warp(
  image: Tensor,
  [height, width]: readonly [number, number],
  { shift = 2, strain = 0.25 }: WarpOptions = {},
): Tensor {
  const [batch = 1, pixels] = image.shape
  if (image.rank !== 2 || pixels !== height * width) {
    throw new UserError(
      `warp: images must be [batch, ${height * width}] for ${height} × ${width} pixels, not ${image.toString()}`,
    )
  }
  checkRange('shift', shift)
  checkRange('strain', strain)
  const random = (what: string, most: number) => mul(sub(mul(randomUniform([batch, 1, 1], `warp/${what}`), 2), 1), most)
  const [x, y] = [centred(width, [1, 1, width]), centred(height, [1, height, 1])]
  const sourceX = add(add(mul(add(1, random('xx', strain)), x), mul(random('xy', strain), y)), random('x', shift))
  const sourceY = add(add(mul(random('yx', strain), x), mul(add(1, random('yy', strain)), y)), random('y', shift))
  return bilinear(cast(image, 'f32'), [height, width], sourceX, sourceY)
}

/** The images at places from their centres, [batch, height, width] each. */
function bilinear(image: Tensor, [height, width]: readonly [number, number], sourceX: Tensor, sourceY: Tensor): Tensor {
  const batch = image.shape[0] ?? 1
  // A rim of zeros stands for all that is outside; places beyond it are moved onto it.
  const [rows, columns] = [height + 2, width + 2]
  const rimmed = pad(reshape(image, [batch, height, width]), [0, 1, 1], [batch, rows, columns])
  const table = reshape(rimmed, [batch * rows * columns])
  const [x, y] = [within(sourceX, columns), within(sourceY, rows)]
  const [left, top] = [floor(x), floor(y)]
  const [right, down] = [sub(x, left), sub(y, top)] // [batch, height, width], in [0, 1)

  // Whole numbers below 2^24 are exact in f32.
  const first = constant(
    Array.from({ length: batch }, (_, i) => i * rows * columns),
    [batch, 1, 1],
  )
  const place = add(add(mul(top, columns), left), first)
  const pixel = (offset: number) => {
    const number = reshape(cast(add(place, offset), 'i32'), [batch * height * width])
    return reshape(gather(table, number), [batch, height, width])
  }
  const above = between(pixel(0), pixel(1), right)
  const below = between(pixel(columns), pixel(columns + 1), right)
  return reshape(between(above, below, down), [batch, height * width])
}

/** Coordinates of pixels from the middle of `extent` of them. */
function centred(extent: number, shape: readonly number[]): Tensor {
  return constant(
    Array.from({ length: extent }, (_, i) => i - (extent - 1) / 2),
    shape,
  )
}

/** A place from the centre as one from the first of `extent` pixels, before the last. */
function within(place: Tensor, extent: number): Tensor {
  return minimum(maximum(add(place, (extent - 1) / 2), 0), extent - 1.001)
}

/** Of what is not negative. */
function floor(x: Tensor): Tensor {
  return cast(cast(x, 'i32'), 'f32')
}

function between(a: Tensor, b: Tensor, share: Tensor): Tensor {
  return add(a, mul(share, sub(b, a)))
}

function checkRange(name: string, value: number): void {
  if (!(value >= 0 && Number.isFinite(value))) {
    throw new UserError(`warp: ${name} must be a number of at least 0, not ${String(value)}`)
  }
}
