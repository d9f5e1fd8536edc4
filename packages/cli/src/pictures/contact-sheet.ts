/**
 * Pictures side by side on white paper, each with a caption of some lines below it, the first one framed.
 */
import { lettering } from './lettering.js'
import { type Picture, resampled } from './picture.js'

export interface Captioned {
  readonly picture: Picture
  readonly caption: readonly string[]
}

const numColumns = 4
/** How many pixels of the sheet a pixel of a picture is wide, and one of a letter. */
const pictureScale = 4
const letterScale = 2
const gap = 16
const lineHeight = 18
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
      const letters = lettering(text, letterScale)
      const dark = { ...letters, pixels: Array.from(letters.pixels, (grey) => 255 - grey) }
      sheet.paste(dark, top + height + line * lineHeight + letterScale * 2, left)
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

  /** What does not fit is cut off on the right. */
  paste({ pixels, height, width }: Picture, top: number, left: number): void {
    const room = Math.min(width, this.width - left)
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < room; x += 1) {
        this.pixels[(top + y) * this.width + left + x] = Math.round(pixels[y * width + x] ?? 0)
      }
    }
  }
}
