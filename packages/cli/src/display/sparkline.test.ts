import { expect, test } from 'vitest'
import { rangeOf, sparkline } from './sparkline.js'

test('a curve goes from its lowest to its highest level', () => {
  expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 20)).toBe('▁▂▃▄▅▆▇█')
  expect(sparkline([7, 0], 20)).toBe('█▁')
  expect(sparkline([5, 5, 5], 20)).toBe('▁▁▁')
  expect(sparkline([], 20)).toBe('')
})

test('columns are means, and what is not finite leaves a gap', () => {
  expect(sparkline([0, 0, 1, 1, 2, 2, 7, 7], 4)).toBe('▁▂▃█')
  expect(sparkline([0, NaN, 7, Infinity], 4)).toBe('▁ █ ')
  expect(sparkline([NaN], 4)).toBe(' ')
})

test('curves share a range', () => {
  const range = rangeOf([[0, 7, NaN], [3]])
  expect(range).toEqual([0, 7])
  expect(sparkline([3], 4, range)).toBe('▄')
})
