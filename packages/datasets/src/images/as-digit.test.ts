import { expect, test } from 'vitest'
import { loadDataset } from '../load.js'
import { mnist } from '../spec.js'
import { asDigit } from './as-digit.js'
import { type Picture, resampled } from './picture.js'

const shape = [28, 28] as const
const { fields } = await loadDataset(mnist())
const images = fields.test.image.values
const imageOf = (row: number): Picture => {
  return { pixels: images.subarray(784 * row, 784 * (row + 1)), height: 28, width: 28 }
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.max(...Array.from(a, (value, at) => Math.abs(value - (b[at] ?? 0))))
}

test('digits of MNIST come out as they were', () => {
  // Their brightest pixel is not always 255, and 4 of all 10,000 fill no box of 20 × 20.
  for (let row = 0; row < 300; row += 1) {
    const image = imageOf(row)
    expect(largestDifference(asDigit(image, shape, 'it'), image.pixels)).toBeLessThanOrEqual(4)
  }
})

test('a digit is found whatever its size, its place, its paper and its ink', () => {
  for (let row = 0; row < 20; row += 1) {
    const image = imageOf(row)
    const plain = asDigit(image, shape, 'it')
    const large = resampled(image, 28 * 7, 28 * 7)
    const elsewhere = new Float32Array(400 * 300).fill(230)
    for (let y = 0; y < large.height; y += 1) {
      for (let x = 0; x < large.width; x += 1) {
        // Dark blue ink of 180 levels on bright paper.
        elsewhere[(150 + y) * 300 + 40 + x] = 230 - ((large.pixels[y * large.width + x] ?? 0) * 180) / 255
      }
    }
    const found = asDigit({ pixels: elsewhere, height: 400, width: 300 }, shape, 'it')
    expect(largestDifference(found, plain)).toBeLessThanOrEqual(1)
  }
})

test('a noisy background is none of the digit', () => {
  const { pixels } = resampled(imageOf(0), 280, 280)
  const noisy = Float32Array.from(pixels, (value, at) => 200 - (value * 150) / 255 + 4 * Math.sin(at * at))
  const found = asDigit({ pixels: noisy, height: 280, width: 280 }, shape, 'it')
  const { pixels: original } = imageOf(0)
  expect(largestDifference(found, original)).toBeLessThan(40)
})

test('what is flat, wide or high keeps its proportions', () => {
  const bar = (height: number, width: number) => {
    const pixels = new Uint8Array(100 * 100)
    for (let y = 0; y < height; y += 1) pixels.fill(255, (10 + y) * 100 + 5, (10 + y) * 100 + 5 + width)
    return asDigit({ pixels, height: 100, width: 100 }, shape, 'it')
  }
  const extents = (pixels: Uint8Array) => {
    const lit = [...pixels.keys()].filter((at) => pixels[at] !== 0)
    const rows = lit.map((at) => Math.floor(at / 28))
    const columns = lit.map((at) => at % 28)
    return [rows, columns].map((places) => [Math.min(...places), Math.max(...places)])
  }
  expect(extents(bar(40, 4))).toEqual([
    [5, 24],
    [14, 15],
  ])
  expect(extents(bar(4, 40))).toEqual([
    [14, 15],
    [5, 24],
  ])
})

test('a single pixel fills the box, and all ink stays within the picture', () => {
  const pixels = new Uint8Array(9).fill(255)
  pixels[4] = 0
  const found = asDigit({ pixels, height: 3, width: 3 }, shape, 'it')
  expect(found.filter((grey) => grey === 255)).toHaveLength(400)
  // An L whose centre of mass lies far from the middle of its box.
  const corner = new Uint8Array(60 * 60)
  corner.fill(255, 40 * 60 + 10, 40 * 60 + 50)
  for (let y = 10; y < 50; y += 1) corner[y * 60 + 10] = 255
  const placed = asDigit({ pixels: corner, height: 60, width: 60 }, shape, 'it')
  expect(placed.filter((grey) => grey > 0).length).toBeGreaterThanOrEqual(39)
})

test.each([
  ['black', 0, 0],
  ['white', 255, 0],
  ['nearly one grey', 100, 15],
])('a picture that is %s shows nothing', (_, grey, more) => {
  const pixels = new Uint8Array(100).fill(grey)
  pixels[55] = grey + more
  expect(() => asDigit({ pixels, height: 10, width: 10 }, shape, "'a.png'")).toThrow(
    /^'a\.png' shows nothing but one shade of grey$/,
  )
})
