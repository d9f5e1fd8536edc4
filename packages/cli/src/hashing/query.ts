/**
 * What is searched for: a test image by its number, or a picture in a PNG file.
 */
import { UserError } from '@gradpool/core'
import { asDigit, type ImageDataset, type Picture } from '@gradpool/datasets'
import { readPng } from '../pictures/read-png.js'

export interface Query {
  /** As it is shown. */
  readonly title: string
  /** Null for a picture. */
  readonly label: number | null
  /** As the encoder takes it. */
  readonly picture: Picture & { readonly pixels: Uint8Array }
}

/** Whether `--image` is the number of a test image; else it is a file. */
export function isNumber(image: string): boolean {
  return /^\d+$/.test(image)
}

/** @throws UserError for a number that no test image has */
export function testImage(image: string, { name, fields, imageShape }: ImageDataset): Query {
  const { values: labels } = fields.test.label
  const number = Number(image)
  if (number >= labels.length) {
    throw new UserError(
      `--image must be a number from 0 to ${labels.length - 1}, the test images of ${name}, or a PNG file, not '${image}'`,
    )
  }
  const [height, width] = imageShape
  const numPixels = height * width
  const { values } = fields.test.image
  const pixels = Uint8Array.from(values.subarray(number * numPixels, (number + 1) * numPixels))
  return {
    title: `test image ${number} of ${name}`,
    label: labels[number] ?? 0,
    picture: { pixels, height, width },
  }
}

/** @throws UserError for a file that is no picture, or in which nothing is to be seen */
export async function pngImage(path: string, [height, width]: readonly [number, number]): Promise<Query> {
  const pixels = asDigit(await readPng(path), [height, width], `'${path}'`)
  return { title: `'${path}'`, label: null, picture: { pixels, height, width } }
}
