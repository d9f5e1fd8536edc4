/**
 * Grey pictures, and what changes their size: cutting, and resampling by area.
 */

/** A grey picture, row-major, 0..255. */
export interface Picture {
  readonly pixels: ArrayLike<number>
  readonly height: number
  readonly width: number
}

/** A part of a picture, in pixels; `bottom` and `right` are the first ones outside. */
export interface Area {
  readonly top: number
  readonly bottom: number
  readonly left: number
  readonly right: number
}

/** A part of the picture, of whole pixels within it. */
export function cropped(picture: Picture, { top, bottom, left, right }: Area): Picture {
  const height = bottom - top
  const width = right - left
  const pixels = new Float32Array(height * width)
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      pixels[y * width + x] = picture.pixels[(top + y) * picture.width + left + x] ?? 0
    }
  }
  return { pixels, height, width }
}

/** The picture with so many pixels cut off on each side, where that leaves any. */
export function withoutMargin(picture: Picture, margin: number): Picture {
  const { height, width } = picture
  if (height <= 2 * margin || width <= 2 * margin) return picture
  return cropped(picture, {
    top: margin,
    bottom: height - margin,
    left: margin,
    right: width - margin,
  })
}

/** The picture in another size, each pixel the mean of the area it covers. */
export function resampled(picture: Picture, height: number, width: number): Picture {
  const pixels = new Float32Array(height * width)
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      pixels[y * width + x] = areaMean(picture, {
        top: (y * picture.height) / height,
        bottom: ((y + 1) * picture.height) / height,
        left: (x * picture.width) / width,
        right: ((x + 1) * picture.width) / width,
      })
    }
  }
  return { pixels, height, width }
}

/** The picture scaled to a width; never made larger. */
export function scaled(picture: Picture, width: number): Picture {
  if (width >= picture.width) return picture
  const height = Math.max(1, Math.round((picture.height * width) / picture.width))
  return resampled(picture, height, width)
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
