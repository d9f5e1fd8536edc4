/**
 * PNG files as grey pictures. Whatever a file says, reading it takes bounded memory: its header is looked at before
 * anything is decompressed.
 */
import { UserError } from '@gradpool/core'
import { isMissing, readRegular, reasonOf } from '@gradpool/storage'
import { PNG } from 'pngjs'
import { type Picture } from '@gradpool/datasets'
import { checkImageData, pngHeader } from './png-format.js'

const mostFileBytes = 2 ** 26
/** As many as 4096 × 4096. */
const mostPixels = 2 ** 24

/**
 * Colours become the grey of their luminance (Rec. 709); 16 bits become 8. What is transparent shows a backdrop that
 * sets off what is not: white behind dark, black behind light.
 *
 * @throws UserError with one sentence for what is no whole PNG file, or too large
 */
export async function readPng(path: string): Promise<Picture> {
  const file = await contentsOf(path)
  const { width, height } = pngHeader(file, path)
  if (width * height > mostPixels) {
    throw new UserError(`'${path}' has ${width} × ${height} pixels, and a picture may have ${mostPixels} at most`)
  }
  try {
    checkImageData(file)
    return greyOf(PNG.sync.read(file))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UserError(`'${path}' is a damaged PNG file: ${reason}`, { cause: error })
  }
}

async function contentsOf(path: string): Promise<Buffer> {
  try {
    return await readRegular(path, { most: mostFileBytes })
  } catch (error) {
    if (error instanceof UserError) throw error
    if (isMissing(error)) throw new UserError(`There is no file '${path}'`)
    throw new UserError(`'${path}' cannot be read: ${reasonOf(error)}`, { cause: error })
  }
}

/** @param data RGBA, a byte each */
function greyOf({ data, height, width }: PNG): Picture {
  const numPixels = height * width
  const grey = new Float32Array(numPixels)
  let sum = 0
  let opacity = 0
  for (let pixel = 0; pixel < numPixels; pixel += 1) {
    const at = 4 * pixel
    const red = data[at] ?? 0
    const green = data[at + 1] ?? 0
    const blue = data[at + 2] ?? 0
    const alpha = data[at + 3] ?? 0
    const luminance = (2126 * red + 7152 * green + 722 * blue) / 10_000
    grey[pixel] = luminance
    sum += luminance * alpha
    opacity += alpha
  }
  const backdrop = sum < 128 * opacity ? 255 : 0
  for (let pixel = 0; pixel < numPixels; pixel += 1) {
    const alpha = (data[4 * pixel + 3] ?? 0) / 255
    if (alpha < 1) grey[pixel] = alpha * (grey[pixel] ?? 0) + (1 - alpha) * backdrop
  }
  return { pixels: grey, height, width }
}
