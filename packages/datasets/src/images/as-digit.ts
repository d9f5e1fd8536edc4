/**
 * A picture of one digit as MNIST would have it.
 *
 * MNIST's digits were scaled to fit a box of 20 × 20 pixels, keeping their proportions, and placed in 28 × 28 so that
 * their centre of mass is in the middle (LeCun, Cortes, Burges: The MNIST database, 1998). A digit of MNIST comes out
 * as it was.
 */
import { UserError } from '@gradpool/core'
import { type Area, cropped, type Picture, resampled } from './picture.js'

/** The box, as a part of the picture. */
const boxPart = 20 / 28
/** Of the grey levels: a picture with less between its darkest and its brightest shows nothing. */
const leastContrast = 16
/** How much of the rim is taken for background, the rest for strokes that reach it. */
const quietPart = 0.9

/**
 * Bright on black, 0..255, whatever it was: what differs from the rim is the digit.
 *
 * @param where What the picture is called in messages.
 * @throws UserError for a picture in which nothing is to be seen
 */
export function asDigit(picture: Picture, [height, width]: readonly [number, number], where: string): Uint8Array {
  const ink = inkOf(picture)
  if (ink === undefined) throw new UserError(`${where} shows nothing but one shade of grey`)
  const digit = cropped(ink, boxOf(ink))
  const scale = Math.min((boxPart * height) / digit.height, (boxPart * width) / digit.width)
  const extent = (whole: number) => Math.max(1, Math.round(scale * whole))
  const small = resampled(digit, extent(digit.height), extent(digit.width))
  return centred(small, height, width)
}

/**
 * How much each pixel differs from the background towards the side, dark or bright, on which more differs. Undefined
 * where nothing does.
 */
function inkOf(picture: Picture): Picture | undefined {
  const { pixels, height, width } = picture
  const rim = rimOf(picture)
  const background = quantile(rim, 0.5)
  // What the background itself varies by is not ink.
  const noise = quantile(
    rim.map((grey) => Math.abs(grey - background)),
    quietPart,
  )
  const inkAt = (pixel: number, side: 1 | -1) => Math.max(0, side * ((pixels[pixel] ?? 0) - background) - 2 * noise)
  let [bright, dark, most] = [0, 0, 0]
  for (let pixel = 0; pixel < pixels.length; pixel += 1) {
    bright += inkAt(pixel, 1)
    dark += inkAt(pixel, -1)
  }
  const side = bright >= dark ? 1 : -1
  const ink = new Float32Array(pixels.length)
  for (let pixel = 0; pixel < pixels.length; pixel += 1) {
    const value = inkAt(pixel, side)
    ink[pixel] = value
    most = Math.max(most, value)
  }
  return most < leastContrast ? undefined : { pixels: ink, height, width }
}

/** The greys of the outermost pixels. */
function rimOf({ pixels, height, width }: Picture): Float32Array {
  const rim: number[] = []
  for (let y = 0; y < height; y += 1) {
    const isEnd = y === 0 || y === height - 1
    for (let x = 0; x < width; x += isEnd ? 1 : Math.max(1, width - 1)) {
      rim.push(pixels[y * width + x] ?? 0)
    }
  }
  return Float32Array.from(rim)
}

function quantile(values: Float32Array, part: number): number {
  return values.toSorted()[Math.floor(part * (values.length - 1))] ?? 0
}

/** The smallest area that has all ink. */
function boxOf({ pixels, height, width }: Picture): Area {
  const area = { top: height, bottom: 0, left: width, right: 0 }
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      if ((pixels[y * width + x] ?? 0) === 0) continue
      area.top = Math.min(area.top, y)
      area.bottom = y + 1
      area.left = Math.min(area.left, x)
      area.right = Math.max(area.right, x + 1)
    }
  }
  return area
}

/**
 * On black, its brightest pixel 255, its centre of mass in the middle, or as near to that as it fits. MNIST has it at
 * 14, 14 of pixels that are counted from 0.
 */
function centred(digit: Picture, height: number, width: number): Uint8Array {
  let [mass, vertical, horizontal, most] = [0, 0, 0, 0]
  for (let y = 0; y < digit.height; y += 1) {
    for (let x = 0; x < digit.width; x += 1) {
      const value = digit.pixels[y * digit.width + x] ?? 0
      mass += value
      vertical += value * y
      horizontal += value * x
      most = Math.max(most, value)
    }
  }
  const place = (moment: number, extent: number, room: number) =>
    Math.min(Math.max(0, Math.round(room / 2 - moment / mass)), room - extent)
  const top = place(vertical, digit.height, height)
  const left = place(horizontal, digit.width, width)
  const pixels = new Uint8Array(height * width)
  for (let y = 0; y < digit.height; y += 1) {
    for (let x = 0; x < digit.width; x += 1) {
      const value = digit.pixels[y * digit.width + x] ?? 0
      pixels[(top + y) * width + left + x] = Math.round((255 * value) / most)
    }
  }
  return pixels
}
