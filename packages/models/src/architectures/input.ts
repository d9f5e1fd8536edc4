/** What all architectures do to their input before the first layer. */
import { cast, mul, reshape, type Tensor } from '@gradpool/core'

/** Pixels as f32 [batch, features], each multiplied by `scale`. */
export function scaled(image: Tensor, scale: number): Tensor {
  const [batch = 1, ...extents] = image.shape
  const flat = extents.length === 1 ? image : reshape(image, [batch, image.size / batch])
  return scale === 1 ? cast(flat, 'f32') : mul(flat, scale)
}
