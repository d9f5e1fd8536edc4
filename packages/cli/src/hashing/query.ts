/**
 * What is searched for: a test image by its number, or a picture in a PNG file.
 */
import { UserError } from '@gradpool/core'
import { type LoadedDataset } from '@gradpool/datasets'
import { asDigit } from '../pictures/as-digit.js'
import { readPng } from '../pictures/read-png.js'

export interface Query {
  /** As it is shown. */
  readonly title: string
  /** Null for a picture. */
  readonly label: number | null
  /** As the encoder takes them. */
  readonly pixels: Uint8Array
}

/** Whether `--image` is the number of a test image; else it is a file. */
export function isNumber(image: string): boolean {
  return /^\d+$/.test(image)
}

/** @throws UserError for a number that no test image has */
export function testImage(image: string, { name, fields }: LoadedDataset): Query {
  const { values: labels } = fields.test.label
  const number = Number(image)
  if (number >= labels.length) {
    throw new UserError(
      `--image must be a number from 0 to ${labels.length - 1}, the test images of ${name}, or a PNG file, not '${image}'`,
    )
  }
  const { values } = fields.test.image
  const numPixels = values.length / labels.length
  return {
    title: `test image ${number} of ${name}`,
    label: labels[number] ?? 0,
    pixels: Uint8Array.from(values.subarray(number * numPixels, (number + 1) * numPixels)),
  }
}

/** @throws UserError for a file that is no picture, or in which nothing is to be seen */
export async function pngImage(path: string, shape: readonly [number, number]): Promise<Query> {
  const pixels = asDigit(await readPng(path), shape, `'${path}'`)
  return { title: `'${path}'`, label: null, pixels }
}
