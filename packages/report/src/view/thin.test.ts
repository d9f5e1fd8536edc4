import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { EpochRow } from '@gradpool/trainer'
import { thinned } from './thin.js'

const rowsOf = (count: number, loss: (epoch: number) => number): EpochRow[] =>
  Array.from({ length: count }, (_, at) => ({ epoch: at + 1, seconds: 1, loss: loss(at + 1) }))

it('keeps few rows as they are', () => {
  const rows = rowsOf(500, (epoch) => 1 / epoch)
  expect(thinned(rows, 500)).toBe(rows)
})

it('keeps the ends and every peak', () => {
  const rows = rowsOf(10_000, (epoch) => (epoch === 1234 || epoch === 9001 ? 50 : Math.sin(epoch / 500)))
  const epochs = thinned(rows, 500).map(({ epoch }) => epoch)
  expect(epochs.length).toBeGreaterThan(450)
  expect(epochs.length).toBeLessThanOrEqual(500)
  expect(epochs).toEqual([...epochs].sort((a, b) => a - b))
  for (const epoch of [1, 1234, 9001, 10_000]) expect(epochs).toContain(epoch)
})

it('keeps the peaks of each metric, of the validation too', () => {
  const rows = rowsOf(5000, () => 1).map((row): EpochRow => ({
    ...row,
    accuracy: row.epoch === 77 ? 0 : 0.5,
    validation: { loss: row.epoch === 3003 ? 9 : 1 },
  }))
  const epochs = thinned(rows, 300).map(({ epoch }) => epoch)
  expect(epochs).toContain(77)
  expect(epochs).toContain(3003)
})

it('leaves the beginning as dense as the end, however often a run is thinned as it goes on', () => {
  let rows: EpochRow[] = []
  for (const row of rowsOf(86_400, (epoch) => Math.cos(epoch / 3000))) {
    rows.push(row)
    if (rows.length > 1000) rows = [...thinned(rows, 500)]
  }
  rows = [...thinned(rows, 500)]
  const inFirstHalf = rows.filter(({ epoch }) => epoch <= 43_200).length
  expect(inFirstHalf / rows.length).toBeGreaterThan(0.4)
  expect(inFirstHalf / rows.length).toBeLessThan(0.6)
})

it('never keeps more than it may, nor what is not finite alone', () => {
  const value = fc.oneof(fc.double(), fc.constant(NaN))
  fc.assert(
    fc.property(
      fc.array(fc.tuple(value, value), { maxLength: 200 }),
      fc.integer({ min: 3, max: 50 }),
      (values, most) => {
        const rows = values.map(([loss, other], at): EpochRow => ({ epoch: at + 1, seconds: 0, loss, other }))
        const kept = thinned(rows, most)
        expect(kept.length).toBeLessThanOrEqual(most)
        expect(kept[0]).toBe(rows[0])
        expect(kept.at(-1)).toBe(rows.at(-1))
      },
    ),
  )
})
