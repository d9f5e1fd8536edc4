/** Pixels as PNG files in data URLs. */
import { PNG } from 'pngjs'
import type { PngUrl } from './stage-figures.js'

const GREY = 0
const COLOUR = 2

export interface Pixels {
  readonly height: number
  readonly width: number
  /** 1, or 3 for red, green and blue. */
  readonly channels: 1 | 3
  /** From 0 to 255, row by row; what is outside is cut off. */
  readonly values: ArrayLike<number>
}

export function pngUrl({ height, width, channels, values }: Pixels): PngUrl {
  const colorType = channels === 1 ? GREY : COLOUR
  const png = new PNG({ width, height })
  png.data = Buffer.from(Uint8ClampedArray.from(values))
  const bytes = PNG.sync.write(png, { colorType, inputColorType: colorType, bitDepth: 8, inputHasAlpha: false })
  return `data:image/png;base64,${bytes.toString('base64')}`
}

/** Blue below 0, white at 0, orange above: told apart by all eyes. */
const BELOW = [33, 102, 172] as const
const ABOVE = [204, 96, 10] as const

/** Numbers of a hundred that are as strong as it gets: a few far ones would leave all others pale. */
const STRONGEST_SHARE = 0.01

/** Numbers around 0 as colours, the largest of either sign as the strongest. */
export function signedPngUrl(values: Float32Array, { height, width }: Pick<Pixels, 'height' | 'width'>): PngUrl {
  const sizes = values.map(Math.abs).sort()
  const strongest = sizes[Math.ceil(sizes.length * (1 - STRONGEST_SHARE)) - 1] ?? 0
  const coloured = new Uint8ClampedArray(3 * values.length)
  values.forEach((value, at) => {
    const share = strongest > 0 ? Math.min(1, Math.abs(value) / strongest) : 0
    const full = value < 0 ? BELOW : ABOVE
    full.forEach((level, channel) => (coloured[3 * at + channel] = 255 + (level - 255) * share))
  })
  return pngUrl({ height, width, channels: 3, values: coloured })
}
