import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ModelMismatchError } from './errors.js'
import { HashIndex } from './hash-index.js'
import { bruteForce, type Item } from './testing/brute-force.js'
import { collections, concatenated, type Collection } from './testing/collections.js'

const model = { name: 'mnist_hash_1, seed 0', hash: 'a'.repeat(64) }

function indexOf({ bits, values, codes, ids, labels }: Collection, leastTableBytes?: number): HashIndex {
  const index = HashIndex.create({ bits, model, values, leastTableBytes })
  // In two parts, of which the first may be empty.
  const half = codes.length >> 1
  for (const [start, end] of [
    [0, half],
    [half, codes.length],
  ]) {
    index.add({
      codes: concatenated(codes.slice(start, end)),
      ids: ids.slice(start, end),
      labels: labels?.slice(start, end),
    })
  }
  return index
}

function itemsOf({ codes, ids, labels, values }: Collection): Item[] {
  const kept = (value: number) => (values === 'u8' ? (Math.min(255, Math.floor(256 * value)) + 0.5) / 256 : value)
  return codes.map((code, row) => ({
    id: ids[row] ?? NaN,
    label: labels?.[row] ?? null,
    code: Array.from(code, kept),
  }))
}

describe('searches equal brute force', () => {
  it('searchHamming and searchHammingBatch', () => {
    const property = fc.property(collections(), (collection) => {
      const { k, radius, wanted: labels, queries, values } = collection
      const index = indexOf(collection)
      const items = itemsOf(collection)
      const expected = queries.map((query) =>
        bruteForce(items, { query: [...query], k, radius, labels, keepsValues: values !== 'none' }),
      )
      const options = { k, radius, labels }
      expect(queries.map((query) => index.searchHamming(query, options))).toEqual(expected)
      expect(index.searchHammingBatch(concatenated(queries), options)).toEqual(expected)
    })
    fc.assert(property, { numRuns: 150 })
  })

  it('by tables, with some rows that they lack', () => {
    const property = fc.property(collections(), collections(20), (collection, later) => {
      const { bits, k, radius, wanted: labels, queries, values } = collection
      const index = indexOf(collection, 0)
      const items = itemsOf(collection)
      const check = () => {
        for (const query of queries) {
          expect(index.searchHamming(query, { k, radius, labels })).toEqual(
            bruteForce(items, {
              query: [...query],
              k,
              radius,
              labels,
              keepsValues: values !== 'none',
            }),
          )
        }
      }
      check()
      const codes = later.codes.map((_, row) => queries[row % queries.length] ?? new Float32Array())
      index.add({ codes: concatenated(codes), ids: later.ids, labels: codes.map(() => 2) })
      items.push(...itemsOf({ ...collection, codes, ids: later.ids, labels: codes.map(() => 2) }))
      expect(index.bits).toBe(bits)
      check()
    })
    fc.assert(property, { numRuns: 150 })
  })

  it('searchBucket', () => {
    const property = fc.property(collections(), (collection) => {
      const { k, wanted: labels, queries, values } = collection
      const index = indexOf(collection)
      const items = itemsOf(collection)
      for (const query of queries) {
        const question = { k, radius: 0, labels, keepsValues: values !== 'none' }
        expect(index.searchBucket(query, { k, labels })).toEqual(bruteForce(items, { ...question, query: [...query] }))
      }
    })
    fc.assert(property, { numRuns: 150 })
  })
})

describe('adding', () => {
  it('numbers rows on where no ids are given', () => {
    const index = HashIndex.create({ bits: 2, model })
    index.add({ codes: Float32Array.from([0, 0, 1, 1]) })
    index.add({ codes: Float32Array.from([1, 0]), labels: [7] })
    expect(index.size).toBe(3)
    expect(index.searchHamming(Float32Array.from([1, 0]))).toEqual([
      { id: 2, label: 7, hamming: 0, distance: 0 },
      { id: 0, label: null, hamming: 1, distance: 1 },
      { id: 1, label: null, hamming: 1, distance: 1 },
    ])
  })

  it('adds all or nothing', () => {
    const index = HashIndex.create({ bits: 2, model })
    const codes = Float32Array.from([0, 0, 1, 1])
    expect(() => index.add({ codes: Float32Array.from([0]) })).toThrow('cannot be 1 numbers')
    expect(() => index.add({ codes: Float32Array.from([0, NaN]) })).toThrow('element 1 of row 0')
    expect(() => index.add({ codes, ids: [1] })).toThrow('there are 1 ids for 2 codes')
    expect(() => index.add({ codes, ids: [1, -1] })).toThrow('not -1')
    expect(() => index.add({ codes, labels: [1, 255] })).toThrow('from 0 to 254, not 255')
    expect(() => index.add({ codes, labels: [0.5, 1] })).toThrow('not 0.5')
    expect(index.size).toBe(0)
  })

  it('keeps its own copy', () => {
    const index = HashIndex.create({ bits: 2, model })
    const codes = Float32Array.from([0, 0.25])
    index.add({ codes })
    codes.fill(1)
    expect(index.searchBucket(Float32Array.from([0, 0]))).toEqual([
      { id: 0, label: null, hamming: 0, distance: 0.0625 },
    ])
  })
})

describe('refusals', () => {
  const index = HashIndex.create({ bits: 2, model })
  const query = Float32Array.from([0, 1])

  it('of codes of another model, by name', () => {
    const other = { name: 'mnist_hash_2, seed 0', hash: 'b'.repeat(64) }
    const sentence =
      'the index holds codes of mnist_hash_1, seed 0 (aaaaaaaaaaaa), and these are of mnist_hash_2, seed 0 (bbbbbbbbbbbb)'
    expect(() => index.add({ codes: query, model: other })).toThrow(ModelMismatchError)
    expect(() => index.searchBucket(query, { model: other })).toThrow(sentence)
    expect(() => index.searchHamming(query, { model: other })).toThrow(sentence)
    expect(index.searchHamming(query, { model: { ...other, hash: model.hash } })).toEqual([])
  })

  it('of queries and options that cannot be', () => {
    expect(() => index.searchHamming(new Float32Array(3))).toThrow('has 2 numbers, not 3')
    expect(() => index.searchBucket(new Float32Array(0))).toThrow('has 2 numbers, not 0')
    expect(() => index.searchHamming(Float32Array.from([0, 2]))).toThrow('element 1 of row 0 is 2')
    expect(() => index.searchHamming(query, { k: 0 })).toThrow('k is a whole number')
    expect(() => index.searchHamming(query, { k: 1.5 })).toThrow('k is a whole number')
    expect(() => index.searchHamming(query, { radius: -1 })).toThrow('a radius is')
    expect(() => index.searchHamming(query, { labels: [300] })).toThrow('not 300')
    expect(() => HashIndex.create({ bits: 0, model })).toThrow('1 to 256 bits, not 0')
    expect(() => HashIndex.create({ bits: 8, model, values: 'f16' as 'f32' })).toThrow('not f16')
  })
})
