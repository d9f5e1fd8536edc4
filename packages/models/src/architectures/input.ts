/** What all architectures do to their input before the first layer. */
import { cast, isTraining, mul, reshape, type Tensor } from '@gradpool/core'
import type { ModelData } from '@gradpool/core/engine'
import { augment, type Augmentation } from '../augmentation/augment.js'
import { isMixing, type Mixed, mixedBy, type Mixing } from '../augmentation/mix.js'

/** Pixels as f32 [batch, features], each multiplied by `scale`. */
export function scaled(image: Tensor, scale: number): Tensor {
  const [batch = 1, ...extents] = image.shape
  const flat = extents.length === 1 ? image : reshape(image, [batch, image.size / batch])
  return scale === 1 ? cast(flat, 'f32') : mul(flat, scale)
}

/** Of changes that mix targets, too, those that do not. */
export function withoutMixing(changes: readonly (Augmentation | Mixing)[] = []): readonly Augmentation[] {
  return changes.filter((change) => !isMixing(change))
}

/** Mixes examples of a batch that are prepared, and their targets, in training. @param classes of class numbers */
export function mixFor(
  changes: readonly (Augmentation | Mixing)[] = [],
  { imageShape }: ModelData,
  { field, classes }: { readonly field: string; readonly classes?: number },
): (input: Tensor, target: Tensor) => Mixed {
  const mixings = changes.filter(isMixing)
  const options = {
    imageShape: field === 'image' ? imageShape : undefined,
    ...(classes !== undefined && { classes }),
  }
  return (input, target) => {
    if (mixings.length === 0 || !isTraining()) return { input, target }
    const numbers = classes === undefined ? cast(target, 'f32') : target
    return mixedBy(mixings, { input, target: numbers }, options)
  }
}

/** What scales, or makes numbers of categories. */
interface Preparation {
  apply(x: Tensor): Tensor
}

/**
 * Prepares a field and augments it: cells are swapped before the preparation, so that those of categories stay whole,
 * and all else is changed after it.
 */
export function augmentFor(
  augmentations: readonly Augmentation[] = [],
  { imageShape }: ModelData,
  field: string,
): (x: Tensor, preparation?: Preparation) => Tensor {
  const options = { imageShape: field === 'image' ? imageShape : undefined }
  const [swaps, others] = [true, false].map((isSwap) =>
    augmentations.filter(({ kind }) => (kind === 'swap') === isSwap),
  )
  return (x, preparation) => {
    if (preparation === undefined) return augment(x, augmentations, options)
    return augment(preparation.apply(augment(x, swaps ?? [], options)), others ?? [], options)
  }
}
