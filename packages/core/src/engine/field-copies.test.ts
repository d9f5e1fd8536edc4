import { expect, test } from 'vitest'
import type { Field } from './dataset.js'
import { FieldCopies } from './field-copies.js'

const fieldOf = (...values: number[]): Field => ({ dtype: 'f32', shape: [], values: Float32Array.from(values) })

test('users of a field share one copy, which is removed with the last of them', () => {
  const made: number[] = []
  const removed: number[] = []
  const copies = new FieldCopies<number>(
    ({ values }) => made.push(values.length),
    (copy) => removed.push(copy),
  )
  const [pixels, labels] = [fieldOf(1, 2, 3), fieldOf(4)]
  const [first, second] = [{}, {}]
  expect([copies.hold(pixels, first), copies.hold(pixels, first), copies.hold(pixels, second)]).toEqual([1, 1, 1])
  expect(copies.hold(labels, first)).toBe(2)
  expect(made).toEqual([3, 1])
  copies.release(first)
  copies.release(first)
  expect(removed).toEqual([2])
  copies.release(second)
  expect(removed).toEqual([2, 1])
  copies.hold(pixels, first)
  expect(made).toEqual([3, 1, 3])
})
