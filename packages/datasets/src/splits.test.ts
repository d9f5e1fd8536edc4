import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { splitTrainRows } from './splits.js'
import { userErrorOf } from './testing/user-errors.js'

const mnistSplit = { labelled: 0.01, validation: 1000, splitSeed: 0 }

const sizes = fc.integer({ min: 2, max: 300 }).chain((numImages) =>
  fc.record({
    numImages: fc.constant(numImages),
    validation: fc.integer({ min: 0, max: Math.floor(numImages / 2) }),
    labelled: fc.oneof(fc.constant(1), fc.double({ min: 1 / numImages, max: 0.5, noNaN: true })),
    splitSeed: fc.nat(0xffffffff),
  }),
)

describe('splitTrainRows', () => {
  it('gives each split its size, and no row to both labelled and validation', () => {
    fc.assert(
      fc.property(sizes, ({ numImages, ...spec }) => {
        const { images, labelled, validation } = splitTrainRows(numImages, spec)
        expect([...images]).toEqual(Array.from({ length: numImages }, (_, row) => row))
        const rest = numImages - spec.validation
        const count = spec.labelled === 1 ? rest : Math.round(spec.labelled * numImages)
        expect(labelled).toHaveLength(count)
        expect(validation).toHaveLength(spec.validation)
        const rows = [...labelled, ...validation]
        expect(new Set(rows).size).toBe(rows.length)
        expect(rows.every((row) => row >= 0 && row < numImages)).toBe(true)
      }),
    )
  })

  it('keeps the validation set, and extends the labelled one, as the fraction grows', () => {
    fc.assert(
      fc.property(sizes, ({ numImages, ...spec }) => {
        const some = splitTrainRows(numImages, spec)
        const all = splitTrainRows(numImages, { ...spec, labelled: 1 })
        expect(all.validation).toEqual(some.validation)
        expect(all.labelled.slice(0, some.labelled.length)).toEqual(some.labelled)
      }),
    )
  })

  it('gives 600 labels for 1 % of 60,000, always the same ones', () => {
    const { labelled, validation } = splitTrainRows(60_000, mnistSplit)
    expect(labelled).toHaveLength(600)
    expect(validation).toHaveLength(1000)
    expect([...labelled.slice(0, 5)]).toEqual([35257, 8008, 15330, 14632, 35945])
    expect([...validation.slice(0, 5)]).toEqual([621, 45220, 17559, 23401, 52435])
    expect(splitTrainRows(60_000, mnistSplit).labelled).toEqual(labelled)
  })

  it('depends on its seed', () => {
    const zero = splitTrainRows(60_000, mnistSplit)
    const one = splitTrainRows(60_000, { ...mnistSplit, splitSeed: 1 })
    const common = one.labelled.filter((row) => zero.labelled.includes(row))
    expect(common.length).toBeLessThan(30)
  })

  it.each([
    [{ labelled: 1, validation: 100, splitSeed: 0 }, 'A validation set of 100 leaves nothing'],
    [{ labelled: 0.001, validation: 0, splitSeed: 0 }, 'asks for 0 of 100 training images'],
    [{ labelled: 0.95, validation: 10, splitSeed: 0 }, 'expected at most the 90 that are not'],
  ])('refuses %o of 100 images', async (spec, complaint) => {
    expect(await userErrorOf(() => splitTrainRows(100, spec))).toContain(complaint)
  })
})
