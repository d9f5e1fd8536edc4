/**
 * Pictures as text: each character is two pixels, one above the other, dark ground, no control characters.
 */

/** A grey picture, row-major, 0..255. */
export interface Picture {
  readonly pixels: readonly number[]
  readonly height: number
  readonly width: number
}

/** A pixel is drawn from this grey on. */
const threshold = 100

const characters = [' ', '▀', '▄', '█'] as const

/** The picture with its margins cut off: as much on each side, as many pixels as are blank all around. */
export function withoutMargin(picture: Picture, margin: number): Picture {
  const height = picture.height - 2 * margin
  const width = picture.width - 2 * margin
  if (height < 1 || width < 1) return picture
  const pixels = Array.from({ length: height * width }, (_, index) => {
    const y = margin + Math.floor(index / width)
    const x = margin + (index % width)
    return picture.pixels[y * picture.width + x] ?? 0
  })
  return { pixels, height, width }
}

/** The picture scaled to a width, each pixel the mean of the area it covers; never made larger. */
export function scaled(picture: Picture, width: number): Picture {
  if (width >= picture.width) return picture
  const height = Math.max(1, Math.round((picture.height * width) / picture.width))
  const pixels = Array.from({ length: height * width }, (_, index) => {
    const y = Math.floor(index / width)
    const x = index % width
    return areaMean(picture, {
      top: (y * picture.height) / height,
      bottom: ((y + 1) * picture.height) / height,
      left: (x * picture.width) / width,
      right: ((x + 1) * picture.width) / width,
    })
  })
  return { pixels, height, width }
}

interface Area {
  readonly top: number
  readonly bottom: number
  readonly left: number
  readonly right: number
}

function areaMean(picture: Picture, { top, bottom, left, right }: Area): number {
  let sum = 0
  for (let y = Math.floor(top); y < bottom; y += 1) {
    const tall = Math.min(bottom, y + 1) - Math.max(top, y)
    for (let x = Math.floor(left); x < right; x += 1) {
      const broad = Math.min(right, x + 1) - Math.max(left, x)
      sum += tall * broad * (picture.pixels[y * picture.width + x] ?? 0)
    }
  }
  return sum / ((bottom - top) * (right - left))
}

/** Lines of `picture.width` characters, half as many as the picture has rows. */
export function halfBlocks(picture: Picture): string[] {
  const lit = (y: number, x: number) => {
    if (y >= picture.height) return 0
    return (picture.pixels[y * picture.width + x] ?? 0) >= threshold ? 1 : 0
  }
  return Array.from({ length: Math.ceil(picture.height / 2) }, (_, line) => {
    let text = ''
    for (let x = 0; x < picture.width; x += 1) {
      text += characters[(lit(2 * line, x) + 2 * lit(2 * line + 1, x)) as 0 | 1 | 2 | 3]
    }
    return text
  })
}
