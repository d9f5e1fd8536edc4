import { expect, test } from 'vitest'
import { resampled, scaled, withoutMargin } from './picture.js'

test('scaling takes the mean of each area', () => {
  const pixels = [0, 100, 200, 100, 50, 50, 0, 100, 200]
  const small = scaled({ pixels, height: 3, width: 3 }, 1)
  expect(small.pixels[0]).toBeCloseTo(800 / 9)
  const same = { pixels, height: 3, width: 3 }
  expect(scaled(same, 3)).toBe(same)
})

test('a picture made larger repeats its pixels, where the factor is whole', () => {
  const large = resampled({ pixels: [10, 20], height: 1, width: 2 }, 2, 6)
  expect(Array.from(large.pixels)).toEqual([10, 10, 10, 20, 20, 20, 10, 10, 10, 20, 20, 20])
})

test('a margin is cut off on all sides, unless nothing would be left', () => {
  const picture = { pixels: [1, 2, 3, 4, 5, 6, 7, 8, 9], height: 3, width: 3 }
  expect(withoutMargin(picture, 1)).toEqual({ pixels: Float32Array.of(5), height: 1, width: 1 })
  expect(withoutMargin(picture, 2)).toBe(picture)
})
