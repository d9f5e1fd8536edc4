import { expect, it } from 'vitest'
import { principal } from './principal.js'

it('finds the directions in which rows vary most, with their shares of the variance', () => {
  // Variances 9, 4 and 0 along (1, 1, 0) / √2, (1, -1, 0) / √2 and (0, 0, 1), around (5, 6, 7).
  const [a, b] = [
    [1, 1, 0],
    [1, -1, 0],
  ].map((row) => row.map((value) => value / Math.SQRT2)) as [number[], number[]]
  const signs = [
    [3, 2],
    [3, -2],
    [-3, 2],
    [-3, -2],
  ] as const
  const rows = signs.flatMap(([one, other]) =>
    [5, 6, 7].map((middle, at) => middle + one * (a[at] ?? 0) + other * (b[at] ?? 0)),
  )
  const { points, explained } = principal(rows, 3)
  expect(explained[0]).toBeCloseTo(9 / 13, 10)
  expect(explained[1]).toBeCloseTo(4 / 13, 10)
  points.forEach(([x, y], at) => {
    expect(x).toBeCloseTo(signs[at]?.[0] ?? NaN, 6)
    expect(Math.abs(y)).toBeCloseTo(2, 6)
  })
})

it('gives points without a spread where all rows are equal', () => {
  expect(principal([1, 2, 1, 2, 1, 2], 2)).toEqual({
    points: [
      [0, 0],
      [0, 0],
      [0, 0],
    ],
    explained: [0, 0],
  })
})
