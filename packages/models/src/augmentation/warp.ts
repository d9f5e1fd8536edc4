/** Small random affine maps of images: what an image still shows the same thing after. */
import { add, cast, mul, reshape, type Tensor, UserError } from '@gradpool/core'
import { bilinear, indices, uniformIn } from './sampling.js'

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
  const random = (what: string, most: number) => uniformIn(-most, most, [batch, 1, 1], `warp/${what}`)
  const [middleX, middleY] = [(width - 1) / 2, (height - 1) / 2]
  const x = indices(width, [1, 1, width], -middleX)
  const y = indices(height, [1, height, 1], -middleY)
  const sourceX = add(add(mul(add(1, random('xx', strain)), x), mul(random('xy', strain), y)), random('x', shift))
  const sourceY = add(add(mul(random('yx', strain), x), mul(add(1, random('yy', strain)), y)), random('y', shift))
  const pixelsOf = reshape(cast(image, 'f32'), [batch, height, width, 1])
  return reshape(bilinear(pixelsOf, add(sourceX, middleX), add(sourceY, middleY)), [batch, pixels])
}

function checkRange(name: string, value: number): void {
  if (!(value >= 0 && Number.isFinite(value))) {
    throw new UserError(`warp: ${name} must be a number of at least 0, not ${String(value)}`)
  }
}
