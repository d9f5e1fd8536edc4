/** The tables find what the kernels' scan finds, however far they have to look. */
import { PackedCodes } from '@gradpool/engine-cpu'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { MultiIndex } from './multi-index.js'
import { bytesPerCode, packCodes } from './pack-codes.js'
import { collections, concatenated } from './testing/collections.js'

function rowsOf(pairs: ArrayLike<number>): [row: number, distance: number][] {
  const rows = Array.from({ length: pairs.length / 2 }, (_, at): [number, number] => [
    pairs[2 * at] ?? NaN,
    pairs[2 * at + 1] ?? NaN,
  ])
  return rows.sort(([a], [b]) => a - b)
}

it('finds the same rows, each once', () => {
  const property = fc.property(collections(), (collection) => {
    const { bits, codes, labels, queries, k, radius, wanted } = collection
    const packed = new PackedCodes({ codeBytes: bytesPerCode(bits), memoryBytes: 2 ** 24 })
    const rows = Uint8Array.from(labels ?? codes.map(() => 255))
    packed.append(packCodes(concatenated(codes), { bits }), rows)
    const tables = new MultiIndex(packed, bits)
    const allowed = wanted && Uint8Array.from({ length: 256 }, (_, label) => Number(wanted.includes(label)))
    const bounds = { k, radius, allowed }
    for (const query of queries) {
      const code = packCodes(query, { bits })
      const [expected = []] = packed.near(code, bounds)
      expect(rowsOf(tables.near(code, bounds, Infinity) ?? [])).toEqual(rowsOf(expected))
    }
  })
  fc.assert(property, { numRuns: 150 })
})

it('gives up where looking costs more than it may', () => {
  const packed = new PackedCodes({ codeBytes: 4, memoryBytes: 2 ** 24 })
  packed.append(Uint8Array.of(255, 255, 255, 255), new Uint8Array(1))
  const tables = new MultiIndex(packed, 32)
  const far = new Uint8Array(4)
  expect(tables.near(far, { k: 1, radius: 32 }, 100)).toBeUndefined()
  expect(tables.near(far, { k: 1, radius: 1 }, 100)).toEqual([])
  expect(tables.near(far, { k: 1, radius: 32 }, Infinity)).toEqual([0, 32])
})
