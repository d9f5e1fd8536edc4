/** Threads find what one finds. Runs on the built packages, since worker threads load those. */
import { expect, onTestFinished, test } from 'vitest'
import { HashIndex, SearchThreads } from '../src/index.js'
import { numbers } from '../src/testing/collections.js'

const model = { name: 'random', hash: '0'.repeat(64) }
const bits = 24

function randomCodes(count: number, seed: number): Float32Array {
  return Float32Array.from({ length: bits * count }, numbers(seed))
}

test.each(['wasm', undefined])('several threads, kernels %s', async (kernels) => {
  const threads = new SearchThreads(3)
  onTestFinished(() => threads.close())
  const index = HashIndex.create({ bits, model, kernels })
  const queries = randomCodes(300, 2)
  expect(await index.searchHammingOn(threads, queries)).toEqual(Array.from({ length: 300 }, () => []))
  for (const count of [100, 3000]) {
    index.add({ codes: randomCodes(count, count) })
    for (const [numQueries, options] of [
      [300, { k: 7 }],
      [3, { k: 5000 }],
      [300, { k: 3, radius: 2 }],
    ] as const) {
      const some = queries.subarray(0, bits * numQueries)
      expect(await index.searchHammingOn(threads, some, options)).toEqual(index.searchHammingBatch(some, options))
    }
  }
})

test('searches of two indexes at once, and rows added meanwhile', async () => {
  const threads = new SearchThreads(2)
  onTestFinished(() => threads.close())
  const indexes = [1, 2].map((seed) => {
    const index = HashIndex.create({ bits, model })
    index.add({ codes: randomCodes(500, seed) })
    return index
  })
  const queries = randomCodes(20, 3)
  const expected = indexes.map((index) => index.searchHammingBatch(queries))
  const searches = indexes.map((index) => index.searchHammingOn(threads, queries))
  for (const index of indexes) index.add({ codes: randomCodes(2000, 4) })
  expect(await Promise.all(searches)).toEqual(expected)
})

test('threads that end meanwhile fail the search, and the index still serves', async () => {
  const threads = new SearchThreads(2)
  const index = HashIndex.create({ bits, model })
  index.add({ codes: randomCodes(500, 1) })
  const query = randomCodes(1, 2)
  const search = index.searchHammingOn(threads, query)
  await Promise.all([expect(search).rejects.toThrow('thread died'), threads.close()])
  await expect(index.searchHammingOn(threads, query)).rejects.toThrow('the threads were closed')
  expect(index.searchHamming(query).length).toBe(10)
})
