/** Grey pictures as PNG files. */
import { PNG } from 'pngjs'
import { type Picture } from './picture.js'

const greyscale = 0

/** The bytes of a file, 8 bits a pixel. */
export function encodePng({ pixels, height, width }: Picture): Uint8Array {
  const png = new PNG({ width, height })
  png.data = Buffer.from(Uint8Array.from(pixels, (grey) => Math.round(grey)))
  return PNG.sync.write(png, { colorType: greyscale, inputColorType: greyscale, bitDepth: 8 })
}
