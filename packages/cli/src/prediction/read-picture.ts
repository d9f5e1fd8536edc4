/**
 * Pictures as rows. A PNG file as the row of a model that reads one grey picture. One of 28 × 28 is taken for a digit,
 * and the picture made to look like MNIST's; any other must have the very size.
 */
import { UserError, type Shape } from '@gradpool/core'
import { sizeOf } from '@gradpool/core/engine'
import { asDigit, readPictures, type ImageFolderShape } from '@gradpool/datasets'
import { readPng } from '../pictures/read-png.js'
import { type Inputs, typesText, typeText } from './inputs.js'
import { type Rows } from './read-rows.js'

const DIGIT = 28

/** @throws UserError for a file that is no picture, and a model that reads something else */
export async function readPicture(path: string, inputs: Inputs): Promise<Rows> {
  const [[name, type] = [], ...others] = Object.entries(inputs)
  if (name === undefined || type === undefined || others.length > 0) {
    throw new UserError(
      `--image is for models that read one picture, and this one reads ${typesText(inputs)}: use --data`,
    )
  }
  const size = type.dtype === 'u8' ? sizeOfPicture(type.shape) : undefined
  if (size === undefined) {
    throw new UserError(
      `--image is for models that read the bytes of a grey picture, and '${name}' is ${typeText(type)}: use --data`,
    )
  }
  const [height, width] = size
  const picture = await readPng(path)
  if (height === DIGIT && width === DIGIT) {
    return { numRows: 1, values: { [name]: asDigit(picture, size, `'${path}'`) } }
  }
  if (picture.height !== height || picture.width !== width) {
    throw new UserError(
      `'${path}' has ${picture.width} × ${picture.height} pixels, and '${name}' takes pictures of ${width} × ${height}`,
    )
  }
  return { numRows: 1, values: { [name]: Uint8Array.from(picture.pixels, Math.round) } }
}

/**
 * The pictures of a folder as rows of a model that reads one, made of the model's own size.
 *
 * @throws UserError for a folder without pictures, and a model that reads something else
 */
export async function readPictureFolder(path: string, inputs: Inputs, fit: ImageFolderShape['fit']): Promise<Rows> {
  const [[name, type] = [], ...others] = Object.entries(inputs)
  const size = type?.dtype === 'u8' ? (coloursOf(type.shape) ?? greyOf(type.shape)) : undefined
  if (name === undefined || size === undefined || others.length > 0) {
    throw new UserError(
      `'${path}' is a folder, which is for models that read the bytes of one picture, and this one reads ${typesText(inputs)}`,
    )
  }
  const { paths, pixels, skipped } = await readPictures(path, { ...size, fit })
  return { numRows: paths.length, values: { [name]: pixels }, files: paths, skipped }
}

interface PictureSize {
  readonly size: readonly [height: number, width: number]
  readonly channels: 1 | 3
}

function coloursOf([height, width, channels, ...more]: Shape): PictureSize | undefined {
  const isColoured = height !== undefined && width !== undefined && channels === 3 && more.length === 0
  return isColoured ? { size: [height, width], channels } : undefined
}

function greyOf(shape: Shape): PictureSize | undefined {
  const size = sizeOfPicture(shape)
  return size && { size, channels: 1 }
}

/** Height and width of a grey picture; a flat one is a square. */
function sizeOfPicture(shape: Shape): readonly [number, number] | undefined {
  const [height = 1, width = 1, channels = 1] = shape
  if (shape.length >= 2) return shape.length <= 3 && channels === 1 ? [height, width] : undefined
  const side = Math.sqrt(sizeOf(shape))
  return shape.length === 1 && Number.isInteger(side) ? [side, side] : undefined
}
