import { expect, it } from 'vitest'
import { extent, linear, tickText } from './scale.js'

it.each([
  [[0, 1], 5, [0, 0.2, 0.4, 0.6, 0.8, 1]],
  [[1, 10], 8, [2, 4, 6, 8, 10]],
  [[-0.3, 0.3], 5, [-0.2, 0, 0.2]],
  [[2000, 5600], 5, [2000, 3000, 4000, 5000]],
  [[7, 7], 5, [6.6, 6.8, 7, 7.2, 7.4]],
] as const)('has ticks at round numbers within %j', ([least, most], count, ticks) => {
  const scale = linear([least, most], [0, 100], count)
  expect(scale.ticks).toEqual(ticks)
  if (least !== most) expect([scale(least), scale(most)]).toEqual([0, 100])
})

it('leaves room around numbers, and takes no notice of those that are not finite', () => {
  expect(extent([0, 10, NaN, Infinity], 0.1)).toEqual([-1, 11])
  expect(extent([3])).toEqual([2.5, 3.5])
  expect(extent([])).toEqual([0, 1])
})

it('writes ticks short', () => {
  expect([0, 0.30000000000000004, 2500, 1e7, 1e-4].map(tickText)).toEqual(['0', '0.3', '2,500', '1e+7', '1e-4'])
})
