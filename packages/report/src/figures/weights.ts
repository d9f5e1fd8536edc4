/** The weights of the first layer as images: what each of its units looks for. */
import type { NamedArray } from '@gradpool/storage'
import { signedPngUrl } from './png.js'
import type { ImageOf, WeightFigures } from './stage-figures.js'

const MOST_IMAGES = 64

/** Undefined where no weight has the shape of images. */
export function weightFigures(
  states: ReadonlyMap<string, NamedArray>,
  image: (ImageOf & { readonly channels: 1 | 3 }) | null,
): WeightFigures | undefined {
  if (image?.channels !== 1) return undefined
  const size = image.height * image.width
  for (const [name, { shape, values }] of states) {
    if (name.startsWith('optimizer/')) continue
    const [rows = 0, units = 0] = shape
    const isDense = shape.length === 2 && rows === size
    // Filters are [height, width, channels in, channels out].
    const isFilter = shape.length === 4 && shape[2] === 1 && rows > 1 && units > 1
    if (!isDense && !isFilter) continue
    const [height, width, count] = isDense ? [image.height, image.width, units] : [rows, units, shape[3] ?? 0]
    const images = Array.from({ length: Math.min(MOST_IMAGES, count) }, (_, unit) =>
      signedPngUrl(
        Float32Array.from({ length: height * width }, (_, pixel) => values[pixel * count + unit] ?? 0),
        { height, width },
      ),
    )
    return { name, images, count }
  }
  return undefined
}
