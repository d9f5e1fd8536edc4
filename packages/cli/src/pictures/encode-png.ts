/** Pictures as PNG files. */
import { PNG } from 'pngjs'
import { type ColourPicture } from './colour-grid.js'
import { type Picture } from '@gradpool/datasets'

const greyscale = 0
const colour = 2

/** The bytes of a file, 8 bits a pixel. */
export function encodePng({ pixels, height, width }: Picture): Uint8Array {
  const png = new PNG({ width, height })
  png.data = Buffer.from(Uint8Array.from(pixels, (grey) => Math.round(grey)))
  return PNG.sync.write(png, { colorType: greyscale, inputColorType: greyscale, bitDepth: 8 })
}

/** The same of red, green and blue. */
export function encodeColourPng({ pixels, height, width }: ColourPicture): Uint8Array {
  const png = new PNG({ width, height })
  png.data = Buffer.from(Uint8Array.from(pixels))
  return PNG.sync.write(png, { colorType: colour, inputColorType: colour, bitDepth: 8, inputHasAlpha: false })
}
