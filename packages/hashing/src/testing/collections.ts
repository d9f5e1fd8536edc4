/** Random collections of codes, and a query or two. */
import fc from 'fast-check'
import type { ValueKind } from '../code-values.js'

export interface Collection {
  readonly bits: number
  readonly values: ValueKind
  /** [n][bits] */
  readonly codes: Float32Array[]
  readonly ids: number[]
  readonly labels: number[] | undefined
  readonly queries: Float32Array[]
  readonly k: number
  readonly radius: number
  readonly wanted: number[] | undefined
}

/** Of few distinct codes, many of them alike, so that there are duplicates and ties of every kind. */
export function collections(maxRows = 200): fc.Arbitrary<Collection> {
  return fc
    .record({
      bits: fc.oneof(fc.integer({ min: 1, max: 256 }), fc.constantFrom(1, 8, 10, 64, 255, 256)),
      values: fc.constantFrom<ValueKind>('f32', 'u8', 'none'),
      numRows: fc.oneof(fc.constantFrom(0, 1, 2, 63, 64, 65), fc.nat(maxRows)),
      numDistinct: fc.integer({ min: 1, max: 60 }),
      flipped: fc.constantFrom(0, 0.02, 0.2, 0.5),
      hasLabels: fc.boolean(),
      seed: fc.integer(),
      k: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constant(1000)),
      radius: fc.oneof(fc.nat(256), fc.nat(3)),
      wanted: fc.option(fc.uniqueArray(fc.nat(4), { maxLength: 3 }), { nil: undefined }),
    })
    .map(({ bits, values, numRows, numDistinct, flipped, hasLabels, seed, k, radius, wanted }) => {
      const next = numbers(seed)
      const centre = code(bits, next)
      const distinct = Array.from({ length: numDistinct }, () => near(centre, flipped, next))
      const pick = () => distinct[Math.floor(next() * numDistinct)] ?? centre
      return {
        bits,
        values,
        k,
        radius,
        wanted,
        codes: Array.from({ length: numRows }, pick),
        ids: Array.from({ length: numRows }, () => Math.floor(next() * 1000)),
        labels: hasLabels ? Array.from({ length: numRows }, () => Math.floor(next() * 5)) : undefined,
        queries: [pick(), near(centre, flipped, next), code(bits, next)],
      }
    })
}

/** Reproducible numbers in [0, 1). */
export function numbers(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** Codes in a row, [n, bits]. */
export function concatenated(codes: readonly Float32Array[]): Float32Array {
  return Float32Array.from(codes.flatMap((row) => [...row]))
}

function code(bits: number, next: () => number): Float32Array {
  return Float32Array.from({ length: bits }, next)
}

/** A code some elements of which are on the other side of 1/2, a few exactly at the borders. */
function near(centre: Float32Array, flipped: number, next: () => number): Float32Array {
  return centre.map((value) => {
    if (next() < 0.01) return [0, 0.5, 1][Math.floor(next() * 3)] ?? 0
    return next() < flipped ? 1 - value : value
  })
}
