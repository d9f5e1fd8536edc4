/** The kernels find what counting bits one by one finds, on every target. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nativeInstructionSets } from '../native-engine.js'
import { testNumbers } from '../testing/kernel-host.js'
import { PackedCodes } from './packed-codes.js'
import { executeScan } from '../step-chunk.js'
import type { NearBounds } from './scan.js'

const MEMORY = { memoryBytes: 2 ** 26 }

interface Collection {
  readonly codeBytes: number
  readonly codes: Uint8Array
  readonly labels: Uint8Array
  readonly queries: Uint8Array
  readonly bounds: NearBounds
}

/** Codes around a few centres, with many alike, and the opposite of one. */
const collections: fc.Arbitrary<Collection> = fc
  .record({
    codeBytes: fc.oneof(fc.integer({ min: 1, max: 32 }), fc.constantFrom(2, 4, 8, 32)),
    numRows: fc.oneof(fc.nat(300), fc.constantFrom(0, 1, 63, 64, 65, 128, 1500)),
    flipped: fc.constantFrom(0, 0.02, 0.5),
    seed: fc.integer(),
    k: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constant(5000)),
    radius: fc.oneof(fc.constant(256), fc.nat(256), fc.nat(4)),
    allowed: fc.option(fc.uniqueArray(fc.nat(3)), { nil: undefined }),
  })
  .map(({ codeBytes, numRows, flipped, seed, k, radius, allowed }) => {
    const next = testNumbers(seed)
    const random = (count: number) => Uint8Array.from({ length: count }, () => Math.floor(256 * next()))
    const centres = [random(codeBytes), random(codeBytes)]
    const near = () => {
      const centre = centres[Math.floor(2 * next())] ?? random(codeBytes)
      return centre.map((byte) => {
        let flips = 0
        for (let bit = 0; bit < 8; bit++) flips |= Number(next() < flipped) << bit
        return byte ^ flips
      })
    }
    const codes = Uint8Array.from(Array.from({ length: numRows }, near).flatMap((c) => [...c]))
    const opposite = centres[0]?.map((byte) => ~byte) ?? []
    return {
      codeBytes,
      codes,
      labels: Uint8Array.from({ length: numRows }, () => Math.floor(4 * next())),
      queries: Uint8Array.from([...near(), ...opposite, ...random(codeBytes)]),
      bounds: {
        k,
        radius,
        allowed: allowed && Uint8Array.from({ length: 256 }, (_, label) => Number(allowed.includes(label))),
      },
    }
  })

/** [row, distance] of all rows as near as the k-th nearest, by row. */
function bruteForce({ codeBytes, codes, labels, queries, bounds }: Collection): number[][][] {
  const { k, radius, allowed } = bounds
  return Array.from({ length: queries.length / codeBytes }, (_, query) => {
    const rows = Array.from(labels, (label, row) => {
      let distance = 0
      for (let byte = 0; byte < codeBytes; byte++) {
        const different = (codes[row * codeBytes + byte] ?? 0) ^ (queries[query * codeBytes + byte] ?? 0)
        for (let rest = different; rest > 0; rest >>= 1) distance += rest & 1
      }
      return { row, label, distance }
    }).filter(({ label, distance }) => distance <= radius && allowed?.[label] !== 0)
    const farthest = rows.map(({ distance }) => distance).sort((a, b) => a - b)[k - 1] ?? 256
    return rows.filter(({ distance }) => distance <= farthest).map(({ row, distance }) => [row, distance])
  })
}

function pairs(lists: Uint32Array[]): number[][][] {
  return lists.map((list) => Array.from({ length: list.length / 2 }, (_, at) => [...list.subarray(2 * at, 2 * at + 2)]))
}

function filled({ codeBytes, codes, labels }: Collection, kernels: string): PackedCodes {
  const packed = new PackedCodes({ codeBytes, kernels, ...MEMORY })
  const third = Math.floor(labels.length / 3)
  for (const [first, end] of [
    [0, third],
    [third, labels.length],
  ] as const) {
    packed.append(codes.subarray(first * codeBytes, end * codeBytes), labels.subarray(first, end))
  }
  return packed
}

describe.each(['wasm', ...nativeInstructionSets()])('%s', (kernels) => {
  it('finds what brute force finds, in one task and in several', () => {
    const property = fc.property(collections, fc.integer({ min: 1, max: 4 }), (collection, n) => {
      const packed = filled(collection, kernels)
      const expected = bruteForce(collection)
      expect(pairs(packed.near(collection.queries, collection.bounds))).toEqual(expected)
      const scan = packed.begin(collection.queries, collection.bounds, n)
      for (const task of scan.tasks.toReversed()) expect(executeScan(task)).toBe(true)
      expect(pairs(scan.finish())).toEqual(expected)
      expect(packed.read(0, packed.numRows)).toEqual(collection.codes)
      expect(packed.labels).toEqual(collection.labels)
    })
    fc.assert(property, { numRuns: 60 })
  }, 60_000)

  it('finds all where more are alike than there was room for', () => {
    const packed = new PackedCodes({ codeBytes: 8, kernels, ...MEMORY })
    const numRows = 20_000
    packed.append(new Uint8Array(8 * numRows), new Uint8Array(numRows))
    const [near] = packed.near(new Uint8Array(8), { k: 10, radius: 64 })
    expect(near?.length).toBe(2 * numRows)
  })

  it('serves more queries than one scan takes', () => {
    const codes = Uint8Array.from({ length: 700 }, (_, row) => row)
    const packed = new PackedCodes({ codeBytes: 1, kernels, ...MEMORY })
    packed.append(codes, new Uint8Array(700))
    for (const results of [
      packed.near(codes, { k: 1, radius: 0 }),
      finished(packed.begin(codes, { k: 1, radius: 0 }, 2)),
    ]) {
      expect(results.map(([row]) => row)).toEqual(Array.from(codes))
    }
  })

  it('goes on with a scan while rows are added', () => {
    const packed = new PackedCodes({ codeBytes: 1, kernels, ...MEMORY })
    packed.append(Uint8Array.of(1, 2, 3), new Uint8Array(3))
    const scan = packed.begin(Uint8Array.of(3), { k: 1, radius: 8 }, 1)
    packed.append(new Uint8Array(1000).fill(3), new Uint8Array(1000))
    expect(pairs(finished(scan))).toEqual([[[2, 0]]])
    expect(packed.near(Uint8Array.of(3), { k: 1, radius: 8 })[0]?.length).toBe(2 * 1001)
  })

  it('refuses rows that do not fit into its memory, and keeps those it has', () => {
    const packed = new PackedCodes({ codeBytes: 32, kernels, memoryBytes: 2 ** 21 })
    packed.append(new Uint8Array(32), Uint8Array.of(7))
    expect(() => packed.append(new Uint8Array(2 ** 21), new Uint8Array(2 ** 16))).toThrow('more of memory are needed')
    expect(packed.numRows).toBe(1)
    expect([...packed.labels]).toEqual([7])
  })
})

function finished(scan: ReturnType<PackedCodes['begin']>): Uint32Array[] {
  for (const task of scan.tasks) expect(executeScan(task)).toBe(true)
  return scan.finish()
}
