import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fillNormal, fillUniform, philox, purposeOf, SHUFFLE_PURPOSE, shuffled } from './random.js'

describe('philox', () => {
  // Known answers of the Random123 distribution (kat_vectors, philox 4x32 10).
  test.each([
    [[0, 0, 0, 0, 0, 0] as const, '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    [[-1, -1, -1, -1, -1, -1] as const, '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0] as const,
      'd16cfe09 94fdcceb 5001e420 24126ea1',
    ],
  ])('gives the known answer for counter and key %j', ([c0, c1, c2, c3, k0, k1], answer) => {
    const words = new Uint32Array(4)
    philox(words, 0, c0, c1, c2, c3, k0, k1)
    expect([...words].map((word) => word.toString(16).padStart(8, '0')).join(' ')).toBe(answer)
  })

  test('agrees with a plain 64-bit evaluation', () => {
    const word = fc.nat({ max: 0xffffffff })
    fc.assert(
      fc.property(fc.tuple(word, word, word, word, word, word), (input) => {
        const words = new Uint32Array(4)
        philox(words, 0, ...input)
        expect([...words]).toEqual(plainPhilox(...input))
      }),
    )
  })
})

/** The generator as the paper writes it, in BigInt. */
function plainPhilox(...[c0, c1, c2, c3, k0, k1]: readonly number[]): number[] {
  const mask = 0xffffffffn
  let [x0, x1, x2, x3] = [c0, c1, c2, c3].map((word) => BigInt(word ?? 0))
  let [key0, key1] = [k0, k1].map((word) => BigInt(word ?? 0))
  for (let round = 0; round < 10; round++) {
    const product0 = 0xd2511f53n * (x0 ?? 0n)
    const product1 = 0xcd9e8d57n * (x2 ?? 0n)
    const next0 = (product1 >> 32n) ^ (x1 ?? 0n) ^ (key0 ?? 0n)
    const next2 = (product0 >> 32n) ^ (x3 ?? 0n) ^ (key1 ?? 0n)
    ;[x0, x1, x2, x3] = [next0, product1 & mask, next2, product0 & mask]
    key0 = ((key0 ?? 0n) + 0x9e3779b9n) & mask
    key1 = ((key1 ?? 0n) + 0xbb67ae85n) & mask
  }
  return [x0, x1, x2, x3].map(Number)
}

test('purposes are FNV-1a of the UTF-8 bytes', () => {
  expect(purposeOf('')).toBe(0x811c9dc5)
  expect(purposeOf('a')).toBe(0xe40c292c)
  expect(purposeOf('foobar')).toBe(0xbf9cf968)
  expect(SHUFFLE_PURPOSE).toBe(0x790c294e)
})

/** The mean of a law, and its central moments of the orders 2, 3, ... 8. */
const LAWS = {
  fillUniform: { mean: 1 / 2, central: [1 / 12, 0, 1 / 80, 0, 1 / 448, 0, 1 / 2304] },
  fillNormal: { mean: 0, central: [1, 0, 3, 0, 15, 0, 105] },
} as const

/** The moments of the orders 1 to 4 beside those of the law: the largest difference, in standard errors. */
function farthestMoment(
  numbers: readonly number[],
  { mean, central }: { readonly mean: number; readonly central: readonly number[] },
): number {
  const lawOf = (order: number) => (order === 1 ? 0 : (central[order - 2] ?? NaN))
  const distances = [1, 2, 3, 4].map((order) => {
    const moment = numbers.reduce((sum, x) => sum + (x - mean) ** order, 0) / numbers.length
    const standardError = Math.sqrt((lawOf(2 * order) - lawOf(order) ** 2) / numbers.length)
    return Math.abs(moment - lawOf(order)) / standardError
  })
  return Math.max(...distances)
}

describe.each([
  ['fillUniform', fillUniform],
  ['fillNormal', fillNormal],
] as const)('%s', (name, fill) => {
  const draw = (size: number, seed: number, purpose: number, step: number): number[] => {
    const out = new Float32Array(size)
    fill(out, seed, purpose, step)
    return [...out]
  }

  test('an element does not depend on how many are drawn', () => {
    const all = draw(23, 7, 5, 3)
    for (let size = 0; size < 23; size++) expect(draw(size, 7, 5, 3)).toEqual(all.slice(0, size))
  })

  test('seed, purpose and step each give other numbers; seed 0 is a seed', () => {
    const key = fc.tuple(fc.integer(), fc.nat(), fc.nat())
    fc.assert(
      fc.property(key, key, (a, b) => {
        fc.pre(a.join() !== b.join())
        expect(draw(4, ...a)).not.toEqual(draw(4, ...b))
      }),
    )
    expect(draw(4, 0, 0, 0)).not.toEqual(draw(4, 1, 0, 0))
    expect(draw(4, -1, 0, 0)).toEqual(draw(4, 0xffffffff, 0, 0))
  })

  test('400,000 numbers have the moments and the distribution of the law', () => {
    for (const seed of [0, 1, 12345]) {
      const numbers = draw(400_000, seed, purposeOf('moments'), 0)
      expect(farthestMoment(numbers, LAWS[name])).toBeLessThan(4)
      // Kolmogorov–Smirnov: 1.95 / sqrt(n) is the 0.1 % point.
      const distance = ksDistance(numbers, name === 'fillUniform' ? (x) => x : normalCdf)
      expect(distance).toBeLessThan(1.95 / Math.sqrt(numbers.length))
    }
  })

  test.each([
    ['one percent too wide', (x: number, mean: number) => mean + 1.01 * (x - mean)],
    ['off by a hundredth', (x: number) => x + 0.01],
    ['askew', (x: number, mean: number) => x + 0.02 * (x - mean) ** 2],
    ['heavy in its tails', (x: number, mean: number) => x + 0.02 * (x - mean) ** 3],
  ])('numbers that are %s have other moments', (_, change) => {
    const law = LAWS[name]
    const numbers = draw(400_000, 0, purposeOf('moments'), 0).map((x) => change(x, law.mean))
    expect(farthestMoment(numbers, law)).toBeGreaterThan(4)
  })

  test('neighbours, steps and purposes are uncorrelated', () => {
    const base = draw(50_000, 3, 1, 0)
    for (const other of [[...base.slice(1), 0], draw(50_000, 3, 1, 1), draw(50_000, 3, 2, 0), draw(50_000, 4, 1, 0)]) {
      expect(Math.abs(correlation(base, other))).toBeLessThan(3.3 / Math.sqrt(50_000))
    }
  })
})

test('uniform numbers are multiples of 2^-24 below 1', () => {
  const out = new Float32Array(10_000)
  fillUniform(out, 9, 9, 9)
  for (const x of out) {
    expect(x >= 0 && x < 1).toBe(true)
    expect(Number.isInteger(x * 2 ** 24)).toBe(true)
  }
})

test('normal numbers are symmetric and bounded by the 23 bits that they come from', () => {
  const out = new Float32Array(1_000_000)
  fillNormal(out, 0, 0, 0)
  const largest = out.reduce((max, x) => Math.max(max, Math.abs(x)), 0)
  expect(largest).toBeGreaterThan(4.5)
  expect(largest).toBeLessThan(5.5)
})

describe('shuffled', () => {
  test('is a permutation of its rows, and leaves them alone', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 50 }), fc.integer(), fc.nat(), (list, seed, epoch) => {
        const rows = Int32Array.from(list)
        const order = shuffled(rows, seed, epoch)
        expect([...order].sort()).toEqual([...list].sort())
        expect([...rows]).toEqual(list)
      }),
    )
  })

  test('follows its definition', () => {
    const rows = Int32Array.from({ length: 11 }, (_, i) => 100 + i)
    const words = new Uint32Array(4)
    const expected = [...rows]
    for (let i = 10; i >= 1; i--) {
      philox(words, 0, Math.floor(i / 4), 2, 0, 0, 5, purposeOf('shuffle'))
      const j = Number((BigInt(words[i % 4] ?? 0) * BigInt(i + 1)) >> 32n)
      ;[expected[i], expected[j]] = [expected[j] ?? 0, expected[i] ?? 0]
    }
    expect([...shuffled(rows, 5, 2)]).toEqual(expected)
  })

  test('places each row everywhere equally often', () => {
    const counts = new Float64Array(25)
    const epochs = 5000
    for (let epoch = 0; epoch < epochs; epoch++) {
      shuffled(Int32Array.of(0, 1, 2, 3, 4), 11, epoch).forEach((row, place) => {
        counts[row * 5 + place] = (counts[row * 5 + place] ?? 0) + 1
      })
    }
    const expected = epochs / 5
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
    expect(chiSquare).toBeLessThan(39.25) // 16 degrees of freedom, 0.1 %
  })
})

function ksDistance(numbers: readonly number[], cdf: (x: number) => number): number {
  const sorted = Float64Array.from(numbers).sort()
  return sorted.reduce((largest, x, i) => {
    const p = cdf(x)
    return Math.max(largest, p - i / sorted.length, (i + 1) / sorted.length - p)
  }, 0)
}

/** By the series of erf; enough for |x| < 6. */
function normalCdf(x: number): number {
  let term = x
  let sum = x
  for (let k = 1; k < 200; k++) {
    term *= (-x * x) / (2 * k)
    sum += term / (2 * k + 1)
  }
  return 0.5 + sum / Math.sqrt(2 * Math.PI)
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const meanOf = (list: readonly number[]) => list.reduce((sum, x) => sum + x, 0) / list.length
  const [meanA, meanB] = [meanOf(a), meanOf(b)]
  let [ab, aa, bb] = [0, 0, 0]
  a.forEach((x, i) => {
    const y = b[i] ?? 0
    ab += (x - meanA) * (y - meanB)
    aa += (x - meanA) ** 2
    bb += (y - meanB) ** 2
  })
  return ab / Math.sqrt(aa * bb)
}
