import { describe, expect, it } from 'vitest'
import { shuffled } from '../random/random.js'
import { RowOrder } from './row-order.js'

const rows = Int32Array.from({ length: 103 }, (_, i) => 3 * i)
const shuffle = { blockRows: 10, groupBlocks: 4 }

describe('RowOrder', () => {
  it('has rows as they stand, or in the order of the epoch', () => {
    expect(new RowOrder(rows, 5, false).slice(2, 10, 14)).toEqual(rows.subarray(10, 14))
    expect(new RowOrder(rows, 5, true).slice(2, 0, 103)).toEqual(shuffled(rows, 5, 2))
  })

  it('has the rows of a group of blocks together, and each row once', () => {
    const order = new RowOrder(rows, 5, shuffle).slice(1, 0, 103)
    expect(order.toSorted()).toEqual(rows)
    const blocks = shuffled(
      Int32Array.from({ length: 11 }, (_, i) => i),
      5,
      1,
    )
    let begin = 0
    for (let group = 0; group < 3; group++) {
      const own = [...blocks.subarray(4 * group, 4 * group + 4)].flatMap((block) => [
        ...rows.subarray(10 * block, 10 * block + 10),
      ])
      expect(order.subarray(begin, begin + own.length)).toEqual(shuffled(Int32Array.from(own), 5, 1, group + 1))
      begin += own.length
    }
    expect(begin).toBe(103)
  })

  it('is the same in slices of any size, in any order', () => {
    for (let seed = 0; seed < 20; seed++) {
      const whole = new RowOrder(rows, seed, shuffle).slice(3, 0, 103)
      const order = new RowOrder(rows, seed, shuffle)
      for (const size of [1, 7, 40, 77]) {
        const slices = Array.from({ length: Math.ceil(103 / size) }, (_, i) => {
          return [...order.slice(3, i * size, Math.min(103, (i + 1) * size))]
        })
        expect(slices.flat()).toEqual([...whole])
      }
      expect(order.slice(4, 0, 103)).not.toEqual(whole)
      expect(order.slice(3, 50, 60)).toEqual(whole.subarray(50, 60))
    }
  })
})
