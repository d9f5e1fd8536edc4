/** Pictures as PNG files. */
import { PNG } from 'pngjs'
import type { ImageBytes } from '@gradpool/trainer'

const COLOUR_TYPES: Readonly<Record<number, 0 | 2>> = { 1: 0, 3: 2 }

export function pngOf({ bytes, height, width, channels }: ImageBytes): Uint8Array {
  const colorType = COLOUR_TYPES[channels] ?? 0
  const png = new PNG({ width, height })
  png.data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return PNG.sync.write(png, { colorType, inputColorType: colorType, bitDepth: 8, inputHasAlpha: false })
}
