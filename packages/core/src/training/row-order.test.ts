import { describe, expect, it } from 'vitest'
import type { Split } from '../engine/dataset.js'
import { shuffled } from '../random/random.js'
import { RowOrder, rowShuffleOf } from './row-order.js'

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

  describe('by length', () => {
    const lengths = Int32Array.from({ length: 103 }, (_, i) => (i * i) % 17)
    const lengthOf = (row: number) => lengths[row / 3] ?? NaN

    it('has rows of like length in a batch, each row once, and what fills no batch at the end', () => {
      const shuffles = [20, 50, 1000].map((poolRows) => ({ lengths, poolRows, batchSize: 10 }))
      const [small = 0, large = 0, all = 0] = shuffles.map((shuffle) => {
        const order = new RowOrder(rows, 5, shuffle).slice(1, 0, 103)
        expect(order.toSorted()).toEqual(rows)
        const last = shuffled(rows, 5, 1).subarray(100)
        expect(order.subarray(100)).toEqual(last)
        let spread = 0
        for (let at = 0; at < 100; at += 10) {
          const own = Array.from(order.subarray(at, at + 10), lengthOf)
          spread += Math.max(...own) - Math.min(...own)
          expect(own).toEqual(own.toSorted((a, b) => a - b))
        }
        return spread
      })
      // Batches of neighbours among all rows share their first and last lengths: a range of 17 in 10 batches.
      expect(all).toBeLessThanOrEqual(16)
      expect(large).toBeGreaterThan(all)
      expect(small).toBeGreaterThan(large)
    })

    it('has the rows of a pool, sorted, in batches whose order is shuffled', () => {
      const order = new RowOrder(rows, 5, { lengths, poolRows: 50, batchSize: 10 }).slice(2, 0, 103)
      const drawn = shuffled(rows, 5, 2)
      const batches = [drawn.subarray(0, 50), drawn.subarray(50, 100)].flatMap((pool) => {
        const sorted = Array.from(pool)
          .map((row, at) => ({ row, at }))
          .sort((a, b) => lengthOf(a.row) - lengthOf(b.row) || a.at - b.at)
        return [0, 10, 20, 30, 40].map((at) => sorted.slice(at, at + 10).map(({ row }) => row))
      })
      const places = shuffled(
        Int32Array.from({ length: 10 }, (_, i) => i),
        5,
        2,
        1,
      )
      expect(Array.from(order.subarray(0, 100))).toEqual(Array.from(places).flatMap((place) => batches[place] ?? []))
    })

    it('is by seed and epoch, and the same in slices', () => {
      const shuffle = { lengths, poolRows: 40, batchSize: 8 }
      const whole = new RowOrder(rows, 5, shuffle).slice(3, 0, 103)
      const order = new RowOrder(rows, 5, shuffle)
      expect(order.slice(4, 0, 103)).not.toEqual(whole)
      expect(order.slice(3, 37, 70)).toEqual(whole.subarray(37, 70))
      expect(new RowOrder(rows, 6, shuffle).slice(3, 0, 103)).not.toEqual(whole)
    })

    it('needs the lengths', () => {
      const numbers = { dtype: 'i32' as const, shape: [], values: lengths }
      const of = (fields: Split['fields'], byLength = 'length') =>
        rowShuffleOf(
          { fields, rows: Int32Array.of(2, 1), reading: { shuffle: { byLength, poolBatches: 3 } } },
          { shuffle: true, batchSize: 4 },
        )
      expect(of({ length: numbers })).toEqual({ lengths: Int32Array.of(4, 1), poolRows: 12, batchSize: 4 })
      const wrong = { x: { dtype: 'f32' as const, shape: [], values: new Float32Array(3) } }
      for (const name of ['x', 'y']) {
        expect(() => of(wrong, name)).toThrow(`shuffle.byLength needs the field '${name}', one whole number a row`)
      }
    })
  })
})
