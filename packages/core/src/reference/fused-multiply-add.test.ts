import { expect, test } from 'vitest'
import { fusedMultiplyAdd } from './fused-multiply-add.js'

const smallest = 2 ** -149
const largest = 2 ** 128 - 2 ** 104

// What an FMA instruction gives.
test.each([
  ['a product that is not rounded', 1 + 2 ** -12, 1 + 2 ** -12, -(1 + 2 ** -11), 2 ** -24],
  ['a denormal result', 8392705 * 2 ** -98, 8384513 * 2 ** -98, 2 ** -127, 2 ** -127 + smallest],
  ['the same, negative', -8392705 * 2 ** -98, 8384513 * 2 ** -98, -(2 ** -127), -(2 ** -127) - smallest],
  ['little less than half of the last place', 8388609 * 2 ** -23, 8388607 * 2 ** -23, 2 ** 24 + 2, 2 ** 24 + 2],
  ['exactly half, to even', 1, 1, 2 ** 24 + 2, 2 ** 24 + 4],
  ['exactly half, to even', 1, 1, 2 ** 24, 2 ** 24],
  ['little more than half', 1, 1 + 2 ** -23, 2 ** 24, 2 ** 24 + 2],
  ['the least denormal, or nothing', 2 ** -75, 2 ** -75, 0, 0],
  ['the least denormal, or more than nothing', 2 ** -75, 2 ** -75 + 2 ** -98, 0, smallest],
  ['little less than what overflows', 2 ** 64, 2 ** 39 - 2 ** 15, largest, largest],
  ['what overflows', 2 ** 64, 2 ** 39, largest, Infinity],
  ['what overflows, but for a product that cancels', 2 ** 100, 2 ** 100, -Infinity, -Infinity],
  ['infinities of both signs', Infinity, 1, -Infinity, NaN],
  ['nothing times infinity', 0, Infinity, 1, NaN],
  ['negative zeros', -0, 1, -0, -0],
  ['zeros of both signs', -0, 1, 0, 0],
  ['terms that cancel', 3, 5, -15, 0],
])('%s', (_, a, b, c, expected) => {
  for (const operand of [a, b, c]) expect(Math.fround(operand)).toBe(operand)
  expect(fusedMultiplyAdd(a, b, c)).toBe(expected)
  expect(fusedMultiplyAdd(b, a, c)).toBe(expected)
})
