/** What all architectures do to their input before the first layer. */
import { cast, mul, reshape, type Tensor } from '@gradpool/core'
import type { ModelData } from '@gradpool/core/engine'
import { augment, type Augmentation } from '../augmentation/augment.js'

/** Pixels as f32 [batch, features], each multiplied by `scale`. */
export function scaled(image: Tensor, scale: number): Tensor {
  const [batch = 1, ...extents] = image.shape
  const flat = extents.length === 1 ? image : reshape(image, [batch, image.size / batch])
  return scale === 1 ? cast(flat, 'f32') : mul(flat, scale)
}

/** Augmentation of a field, whose images have the shape that the data tell. */
export function augmentFor(
  augmentations: readonly Augmentation[] = [],
  { imageShape }: ModelData,
  field: string,
): (x: Tensor) => Tensor {
  const options = { imageShape: field === 'image' ? imageShape : undefined }
  return (x) => augment(x, augmentations, options)
}
