/**
 * Seeded random numbers: a counter-based generator, keyed by (seed, purpose), counted by (element, step).
 *
 * A number depends on its key and counter alone, so no order of execution, number of workers or batch shape changes it.
 * The kernels draw the same numbers, bit for bit: element e is word e mod 4 of Philox4x32-10 with
 * key (seed, purpose) and counter (e / 4, step, 0, 0). Every seed of 32 bits is a seed like any other, 0 included.
 *
 * Sources: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011); Giles, "Approximating the erfinv
 * function", GPU Computing Gems (2011).
 */
import { logF32 } from './numeric.js'

const { fround, imul } = Math

/** The purpose of the order in which an epoch visits its rows. */
export const SHUFFLE_PURPOSE = purposeOf('shuffle')

/** A name as a key of the generator: 32-bit FNV-1a of its UTF-8 bytes. */
export function purposeOf(name: string): number {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(name)) hash = imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}

/** The upper 32 bits of the product of two unsigned 32-bit integers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff
  const aHigh = a >>> 16
  const bLow = b & 0xffff
  const bHigh = b >>> 16
  // Each sum stays below 2^32 as a double; >>> 0 keeps imul's products unsigned.
  const middle = (imul(aHigh, bLow) >>> 0) + ((imul(aLow, bLow) >>> 0) >>> 16)
  const carry = (imul(aLow, bHigh) >>> 0) + (middle & 0xffff)
  return ((imul(aHigh, bHigh) >>> 0) + ((middle / 65536) | 0) + ((carry / 65536) | 0)) >>> 0
}

/**
 * Philox4x32-10: writes the four words for counter (c0, c1, c2, c3) and key (k0, k1) to `out[offset..offset + 3]`.
 */
export function philox(
  out: Uint32Array,
  offset: number,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
): void {
  let x0 = c0 | 0
  let x1 = c1 | 0
  let x2 = c2 | 0
  let x3 = c3 | 0
  let key0 = k0 | 0
  let key1 = k1 | 0
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, x0)
    const low0 = imul(0xd2511f53, x0)
    const high1 = multiplyHigh(0xcd9e8d57, x2)
    const low1 = imul(0xcd9e8d57, x2)
    x0 = high1 ^ x1 ^ key0
    x1 = low1
    x2 = high0 ^ x3 ^ key1
    x3 = low0
    key0 = (key0 + 0x9e3779b9) | 0
    key1 = (key1 + 0xbb67ae85) | 0
  }
  out[offset] = x0
  out[offset + 1] = x1
  out[offset + 2] = x2
  out[offset + 3] = x3
}

const words = new Uint32Array(4)

/** Fills `out` with numbers of [0, 1), multiples of 2^-24. */
export function fillUniform(out: Float32Array, seed: number, purpose: number, step: number): void {
  for (let start = 0; start < out.length; start += 4) {
    philox(words, 0, start / 4, step, 0, 0, seed, purpose)
    const end = Math.min(start + 4, out.length)
    for (let e = start; e < end; e++) out[e] = ((words[e - start] ?? 0) >>> 8) * 2 ** -24
  }
}

/** Fills `out` with numbers of the normal distribution of mean 0 and standard deviation 1, all within ±5.5. */
export function fillNormal(out: Float32Array, seed: number, purpose: number, step: number): void {
  for (let start = 0; start < out.length; start += 4) {
    philox(words, 0, start / 4, step, 0, 0, seed, purpose)
    const end = Math.min(start + 4, out.length)
    for (let e = start; e < end; e++) out[e] = normalOf(words[e - start] ?? 0)
  }
}

const SQRT_2 = fround(1.41421356237)
const CENTRAL = Float32Array.of(
  2.81022636e-8,
  3.43273939e-7,
  -3.5233877e-6,
  -4.39150654e-6,
  0.00021858087,
  -0.00125372503,
  -0.00417768164,
  0.246640727,
  1.50140941,
)
const TAIL = Float32Array.of(
  -0.000200214257,
  0.000100950558,
  0.00134934322,
  -0.00367342844,
  0.00573950773,
  -0.0076224613,
  0.00943887047,
  1.00167406,
  2.83297682,
)

/** The coefficients of the normal quantile, highest power first, for engines that compute it themselves. */
export const NORMAL_QUANTILE: { readonly central: Float32Array; readonly tail: Float32Array; readonly scale: number } =
  {
    central: CENTRAL,
    tail: TAIL,
    scale: SQRT_2,
  }

/** The normal quantile of the middle of the word's interval: sqrt(2) * erfinv(x) for x odd multiples of 2^-23. */
function normalOf(word: number): number {
  const x = (2 * (word >>> 9) + 1 - 2 ** 23) * 2 ** -23
  let w = -logF32(fround(fround(1 - x) * fround(1 + x)))
  const central = w < 5
  w = central ? fround(w - 2.5) : fround(fround(Math.sqrt(w)) - 3)
  const coefficients = central ? CENTRAL : TAIL
  let p = coefficients[0] ?? 0
  for (let i = 1; i < 9; i++) p = fround((coefficients[i] ?? 0) + fround(p * w))
  return fround(SQRT_2 * fround(p * x))
}

/**
 * The order in which epoch `epoch` visits the rows: a Fisher-Yates shuffle of a copy of `rows`.
 *
 * For i from n - 1 down to 1, element i changes places with element (word * (i + 1)) >> 32, where word is number i of
 * the purpose `shuffle` at step `epoch`.
 *
 * @param stream Of several lists that are shuffled in an epoch, which one: the third word of the counter. Default: 0.
 */
export function shuffled(rows: Int32Array, seed: number, epoch: number, stream = 0): Int32Array {
  const order = rows.slice()
  let block = -1
  for (let i = order.length - 1; i >= 1; i--) {
    if (i >>> 2 !== block) {
      block = i >>> 2
      philox(words, 0, block, epoch, stream, 0, seed, SHUFFLE_PURPOSE)
    }
    const j = multiplyHigh(words[i & 3] ?? 0, i + 1)
    const row = order[i] ?? 0
    order[i] = order[j] ?? 0
    order[j] = row
  }
  return order
}
