import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { packCodes } from '../pack-codes.js'
import type { LabelledCodes } from './distance-counts.js'
import { retrievalQuality } from './retrieval-quality.js'

interface Item {
  readonly code: readonly number[]
  readonly label: number
}

function labelled(items: readonly Item[], bits: number): LabelledCodes {
  return {
    codes: packCodes(Float32Array.from(items.flatMap(({ code }) => code)), { bits }),
    labels: Uint8Array.from(items, ({ label }) => label),
  }
}

const hamming = (a: Item, b: Item) => a.code.filter((bit, i) => bit !== b.code[i]).length

const mean = (values: readonly number[]) =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length

/** All orders of a list. */
function orders<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]]
  return items.flatMap((item, i) =>
    orders([...items.slice(0, i), ...items.slice(i + 1)]).map((rest) => [item, ...rest]),
  )
}

/** Of a query, whether each code of the ranking is relevant, for all orders of the collection: ties keep theirs. */
function rankings(query: Item, collection: readonly Item[]): boolean[][] {
  return orders(collection).map((items) =>
    items.toSorted((a, b) => hamming(query, a) - hamming(query, b)).map(({ label }) => label === query.label),
  )
}

/** By the textbook, one rank after another. */
function averagePrecision(ranking: readonly boolean[], cutoff: number): number {
  const possible = Math.min(cutoff, ranking.filter(Boolean).length)
  if (possible === 0) return 0
  let [found, sum] = [0, 0]
  ranking.slice(0, cutoff).forEach((isRelevant, i) => {
    if (!isRelevant) return
    found++
    sum += found / (i + 1)
  })
  return sum / possible
}

const items = (bits: number, maxLength: number) =>
  fc.array(
    fc.record({
      code: fc.array(fc.constantFrom(0, 1), { minLength: bits, maxLength: bits }),
      label: fc.integer({ min: 0, max: 2 }),
    }),
    { minLength: 1, maxLength },
  )

const problems = fc
  .integer({ min: 1, max: 40 })
  .chain((bits) => fc.tuple(fc.constant(bits), items(bits, 3), items(Math.min(bits, 3), 6)))
  .map(([bits, queries, short]) => {
    // Codes that differ in few bits only, so that there are ties.
    const filled = short.map(({ code, label }) => ({
      code: [...code, ...Array<number>(bits - code.length).fill(0)],
      label,
    }))
    return { bits, queries, collection: filled }
  })

describe('retrievalQuality', () => {
  it('is the mean over all orders of ties', () => {
    const property = fc.property(problems, fc.integer({ min: 1, max: 8 }), ({ bits, queries, collection }, k) => {
      const quality = retrievalQuality({
        bits,
        queries: labelled(queries, bits),
        collection: labelled(collection, bits),
        ranks: [k],
        cutoffs: [k],
      })
      const each = queries.map((query) => rankings(query, collection))
      const over = (figure: (ranking: boolean[]) => number) => mean(each.map((ofQuery) => mean(ofQuery.map(figure))))
      expect(quality.meanAveragePrecision).toBeCloseTo(
        over((ranking) => averagePrecision(ranking, Infinity)),
        10,
      )
      const [{ value: atCutoff } = { value: NaN }] = quality.meanAveragePrecisionAt
      expect(atCutoff).toBeCloseTo(
        over((ranking) => averagePrecision(ranking, k)),
        10,
      )
      const [{ value: precision } = { value: NaN }] = quality.precisionAt
      expect(precision).toBeCloseTo(
        over((ranking) => ranking.slice(0, k).filter(Boolean).length / k),
        10,
      )
    })
    fc.assert(property, { numRuns: 60 })
  })

  it('says what is within each radius', () => {
    const property = fc.property(problems, ({ bits, queries, collection }) => {
      const { withinRadius } = retrievalQuality({
        bits,
        queries: labelled(queries, bits),
        collection: labelled(collection, bits),
        ranks: [],
        cutoffs: [],
      })
      expect(withinRadius).toHaveLength(bits + 1)
      for (const { radius, precision, recall, nothing } of withinRadius) {
        const found = queries.map((query) => collection.filter((item) => hamming(query, item) <= radius))
        const share = (some: readonly Item[], all: number, { label }: Item) =>
          all === 0 ? 0 : some.filter((item) => item.label === label).length / all
        const precisions = queries.map((query, i) => share(found[i] ?? [], found[i]?.length ?? 0, query))
        const answerable = queries.filter(({ label }) => collection.some((c) => c.label === label))
        const recalls = answerable.map((query) =>
          share(
            found[queries.indexOf(query)] ?? [],
            collection.filter(({ label }) => label === query.label).length,
            query,
          ),
        )
        expect(precision).toBeCloseTo(mean(precisions), 10)
        expect(recall).toBeCloseTo(mean(recalls), 10)
        expect(nothing).toBeCloseTo(mean(found.map(({ length }) => (length === 0 ? 1 : 0))), 10)
      }
    })
    fc.assert(property, { numRuns: 60 })
  })

  test('by hand: two relevant, one not, all tied', () => {
    const code = [1, 0, 1]
    const query: Item = { code, label: 1 }
    const collection = [1, 1, 0].map((label) => ({ code, label }))
    const { meanAveragePrecision } = retrievalQuality({
      bits: 3,
      queries: labelled([query], 3),
      collection: labelled(collection, 3),
      ranks: [],
      cutoffs: [],
    })
    // Of the three places of the one that is not: 1, (1 + 2/3) / 2, (1/2 + 2/3) / 2.
    expect(meanAveragePrecision).toBeCloseTo((1 + 5 / 6 + 7 / 12) / 3, 12)
  })

  test('refuses what has no figures', () => {
    const none: LabelledCodes = { codes: new Uint8Array(), labels: new Uint8Array() }
    const one = labelled([{ code: [1], label: 0 }], 1)
    const options = { bits: 1, queries: one, collection: one, ranks: [1], cutoffs: [] }
    expect(() => retrievalQuality({ ...options, collection: none })).toThrow('at least one query')
    expect(() => retrievalQuality({ ...options, ranks: [0] })).toThrow('k must be a whole number from 1, not 0')
    expect(() => retrievalQuality({ ...options, queries: { ...one, labels: new Uint8Array(2) } })).toThrow(
      '2 labels do not go with 1 bytes of codes of 1 bits',
    )
  })
})
