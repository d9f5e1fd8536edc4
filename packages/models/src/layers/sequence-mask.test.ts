import { mul, reshape } from '@gradpool/core'
import { expect, test } from 'vitest'
import { meanSquaredError } from '../losses/mean-squared-error.js'
import { compute } from '../testing/compute.js'
import { sequenceMask } from './sequence-mask.js'

const lengths = { shape: [4], dtype: 'i32', values: [3, 1, 0, 4] } as const

test('has ones up to each length, and zeros after it', () => {
  expect(compute([lengths], (length) => mul(sequenceMask(length, 4), 1))).toEqual(
    [
      [1, 1, 1, 0],
      [1, 0, 0, 0],
      [0, 0, 0, 0],
      [1, 1, 1, 1],
    ].flat(),
  )
  expect(compute([lengths], (length) => mul(sequenceMask(length, 2), 1))).toEqual([1, 1, 1, 0, 0, 0, 1, 1])
})

test('as weights of a loss, what is padding does not count', () => {
  const output = { shape: [4, 4], values: Array.from({ length: 16 }, (_, i) => i) }
  const loss = compute([output, lengths], (x, length) =>
    meanSquaredError(x, mul(x, 0), { weights: sequenceMask(length, 4) }),
  )
  const counted = [0, 1, 2, 4, 12, 13, 14, 15]
  expect(loss[0]).toBeCloseTo(counted.reduce((sum, x) => sum + x * x, 0) / counted.length, 4)
})

test('needs integers, one a row', () => {
  expect(() => compute([{ shape: [4], values: [1, 2, 3, 4] }], (x) => sequenceMask(x, 4))).toThrow(
    'sequenceMask: lengths must be integers [batch], not f32[4]',
  )
  expect(() => compute([lengths], (x) => sequenceMask(reshape(x, [2, 2]), 4))).toThrow('must be integers [batch]')
  expect(() => compute([lengths], (x) => sequenceMask(x, 0))).toThrow('sequenceMask: steps must be')
})
