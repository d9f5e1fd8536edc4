/**
 * Pictures side by side on white paper, each with a caption of some lines below it, the first one framed. Lines that
 * are wider than their picture are cut off.
 */
import { lettering } from './lettering.js'
import { cropped, type Picture, resampled } from '@gradpool/datasets'

export interface Captioned {
  readonly picture: Picture
  readonly caption: readonly string[]
}

const numColumns = 4
/** How many pixels of the sheet a pixel of a picture is wide, and one of a letter. */
const pictureScale = 4
const letterScale = 2
const gap = 16
const lineHeight = 20
const frame = 3

/** Grey, as large as it needs to be. Pictures are of one size. */
export function contactSheet(entries: readonly Captioned[]): Picture {
  const [first] = entries
  if (first === undefined) return { pixels: new Uint8Array(1).fill(255), height: 1, width: 1 }
  const columns = Math.min(numColumns, entries.length)
  const rows = Math.ceil(entries.length / columns)
  const lines = Math.max(...entries.map(({ caption }) => caption.length))
  const height = pictureScale * first.picture.height
  const width = pictureScale * first.picture.width
  const across = width + gap
  const down = height + lineHeight * lines + gap
  const sheet = new Sheet(gap + rows * down, gap + columns * across)
  entries.forEach(({ picture, caption }, index) => {
    const top = gap + Math.floor(index / columns) * down
    const left = gap + (index % columns) * across
    if (index === 0) sheet.fill(top - frame, left - frame, height + 2 * frame, width + 2 * frame)
    sheet.paste(resampled(picture, height, width), top, left)
    caption.forEach((text, line) => {
      const bright = lettering(text, letterScale)
      const dark = { ...bright, pixels: Array.from(bright.pixels, (grey) => 255 - grey) }
      const right = Math.min(width, dark.width)
      const fitting = cropped(dark, { top: 0, bottom: dark.height, left: 0, right })
      sheet.paste(fitting, top + height + frame + 1 + line * lineHeight, left)
    })
  })
  return sheet
}

class Sheet implements Picture {
  readonly pixels: Uint8Array

  constructor(
    readonly height: number,
    readonly width: number,
  ) {
    this.pixels = new Uint8Array(height * width).fill(255)
  }

  /** Black. */
  fill(top: number, left: number, height: number, width: number): void {
    this.paste({ pixels: new Uint8Array(height * width), height, width }, top, left)
  }

  paste({ pixels, height, width }: Picture, top: number, left: number): void {
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        this.pixels[(top + y) * this.width + left + x] = Math.round(pixels[y * width + x] ?? 0)
      }
    }
  }
}
