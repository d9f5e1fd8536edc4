/**
 * What products are made of, a * b + c rounded once: WebAssembly, with fused multiply-add and
 * without, and every instruction set give what core's definition gives. The CPU's own instruction
 * is among them, so the definition is held to that.
 */
import { fusedMultiplyAdd } from '@gradpool/core/engine'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { nativeInstructionSets, wasmBuilds } from '../../src/index.js'
import { loadAddon } from '../../src/native-kernels.js'
import { at, KernelHost, testNumbers } from '../../src/testing/kernel-host.js'

const NUM_TRIPLES = 1_000_000
const f = Math.fround

type MultiplyAdd = (a: number, b: number, c: number) => number

const ways: [string, MultiplyAdd][] = [
  ...wasmBuilds().map((build): [string, MultiplyAdd] => [`wasm, ${build}`, new KernelHost(build).exports.multiply_add]),
  ...nativeInstructionSets().map((name): [string, MultiplyAdd] => [
    name,
    loadAddon(fileURLToPath(new URL(`../../dist/native/${name}.node`, import.meta.url))).multiplyAdd,
  ]),
]

/** Triples of every kind: see `kernels/fingerprint/multiply_add.c`, which tries more of them. */
function triples(): Float32Array {
  const next = testNumbers(16)
  const below = (end: number): number => Math.floor(next() * end)
  const signed = (x: number): number => (below(2) === 0 ? x : -x)
  const significand = (): number => 2 ** 23 + below(2 ** 23)
  const float = new Float32Array(1)
  const bits = new Uint32Array(float.buffer)
  const ofBits = (word: number): number => {
    bits[0] = word
    return at(float, 0)
  }
  const ends = [0, 2 ** -149, 2 ** -148, 2 ** -126 - 2 ** -149, 2 ** -126, 1, 2 ** 128 - 2 ** 104, Infinity, NaN]
  const special = (): number =>
    below(3) === 0 ? signed(significand() * 2 ** (below(280) - 174)) : signed(at(ends, below(ends.length)))
  /** Where a unit in the last place of the sum is. */
  const lastPlace = (): number => at([-23, -149, -149, 104], below(4)) + (below(2) === 0 ? 0 : below(8) - 3)
  const scaled = (x: number, y: number, exponent: number): [number, number] => {
    const half = Math.trunc(exponent / 2) + below(9) - 4
    return [signed(x * 2 ** half), signed(y * 2 ** (exponent - half))]
  }
  /** A product that ends in about half a unit of the last place of its sum with c. */
  const nearTie = (): number[] => {
    const at = below(24)
    const part = 2 ** (at + 1) - 1
    const x = significand() | 1
    let inverse = x
    for (let i = 0; i < 4; i++) inverse = Math.imul(inverse, 2 - Math.imul(x, inverse))
    const y = (Math.imul(2 ** at + below(5) - 2, inverse) & part) | (significand() & ~part)
    const exponent = lastPlace() - at - 1
    const [a, b] = scaled(x, y, exponent)
    return [a, b, below(4) === 0 ? -(a * b) : signed(below(2 ** 24) * 2 ** (exponent + below(26)))]
  }
  /** A product so near to half a unit of the last place of c that f64 does not hold the sum. */
  const nearerTie = (): number[] => {
    for (;;) {
      const size = 6 + below(7)
      const x = 2 ** size + 2 * below(2 ** (size - 1)) + 1
      const half = 2 ** (size + 23)
      const y = Math.round(half / x)
      if (64 * Math.abs(x * y - half) > x) continue
      const exponent = lastPlace() - size - 24
      const [a, b] = scaled(x, y, exponent)
      const c = below(3) === 0 ? below(2 ** 23) : significand()
      return [a, b, signed(2 * half * c * 2 ** exponent)]
    }
  }
  const kinds = [
    () => [ofBits(below(2 ** 32)), ofBits(below(2 ** 32)), ofBits(below(2 ** 32))],
    () => [special(), special(), special()],
    nearTie,
    nearerTie,
  ]
  const all = new Float32Array(3 * NUM_TRIPLES)
  for (let i = 0; i < NUM_TRIPLES; i++) all.set(kinds[i % kinds.length]?.() ?? [], 3 * i)
  return all
}

const all = triples()
const expected = new Float32Array(NUM_TRIPLES)
for (let i = 0; i < NUM_TRIPLES; i++)
  expected[i] = fusedMultiplyAdd(at(all, 3 * i), at(all, 3 * i + 1), at(all, 3 * i + 2))

test('the triples are hard: double precision alone rounds many twice', () => {
  let numWrong = 0
  let numDenormal = 0
  for (let i = 0; i < NUM_TRIPLES; i++) {
    const once = at(expected, i)
    if (!Object.is(f(at(all, 3 * i) * at(all, 3 * i + 1) + at(all, 3 * i + 2)), once)) numWrong++
    if (once !== 0 && Math.abs(once) < 2 ** -126) numDenormal++
  }
  expect(numWrong).toBeGreaterThan(NUM_TRIPLES / 50)
  expect(numDenormal).toBeGreaterThan(NUM_TRIPLES / 50)
})

test.each(ways)('%s rounds once', (_, multiplyAdd) => {
  // musl's fmaf and double precision give 2^-127 here.
  const [a, b, c] = [8392705 * 2 ** -98, 8384513 * 2 ** -98, 2 ** -127]
  expect(multiplyAdd(a, b, c)).toBe(2 ** -127 + 2 ** -149)
  for (let i = 0; i < NUM_TRIPLES; i++) {
    const [a, b, c] = [at(all, 3 * i), at(all, 3 * i + 1), at(all, 3 * i + 2)]
    const found = multiplyAdd(a, b, c)
    if (!Object.is(found, at(expected, i))) expect.fail(`${a} * ${b} + ${c} is ${at(expected, i)}, not ${found}`)
  }
})
