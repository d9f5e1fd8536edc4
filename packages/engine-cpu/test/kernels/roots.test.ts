/**
 * The roots in Adam, which AVX-512 makes of fused multiply-adds (vector.h), are the correctly
 * rounded ones: all of [1, 4), whose roots are those of every other number but for a power of 2,
 * and samples of everything else.
 *
 * A root is seen through Adam's quotient: with m' the root that is expected and w = 1, the weight
 * becomes 0, which it does not when the root is off by one unit in the last place.
 */
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { nativeInstructionSets } from '../../src/index.js'
import { MICRO, OP, PLAN_VERSION, REGISTER, EXEC, POINTWISE } from '../../src/instructions.js'
import { loadAddon } from '../../src/native-kernels.js'

const f = Math.fround
// Called hundreds of millions of times: one of another module would be looked up each time.
const at = (array: Float32Array, index: number): number => array[index] ?? NaN
const BLOCK = 1 << 20
const ONE = 0x3f800000
const FOUR = 0x40800000

/**
 * A step of Adam over BLOCK elements: w, m, v and g, with every coefficient such that m' = m and v'
 * = v.
 */
function prepare(instructionSet: string) {
  const file = new URL(`../../dist/native/${instructionSet}.node`, import.meta.url)
  const addon = loadAddon(fileURLToPath(file))
  const arena = new Uint8Array(new ArrayBuffer(16 * BLOCK + 8192))
  let next = 64
  const take = (count: number): number => {
    const address = next
    next += Math.ceil(count / 16) * 64
    return address
  }
  const ints = (values: readonly number[]): number => {
    const address = take(values.length)
    new Int32Array(arena.buffer, address, values.length).set(values)
    return address
  }
  const floats = (count: number): Float32Array => new Float32Array(arena.buffer, take(count), count)
  const [w, m, v, g] = [floats(BLOCK), floats(BLOCK), floats(BLOCK), floats(BLOCK)]
  const scalars = floats(7)
  scalars.set([1, 0, 1, 0, 1, 1, 0])
  const registers = [w, m, v, w, m, v, g].map(({ byteOffset }) => [REGISTER.FULL, byteOffset])
  for (let i = 0; i < 7; i++) registers.push([REGISTER.SCALAR, scalars.byteOffset + 4 * i])
  const words = new Array<number>(EXEC.WORDS).fill(0)
  words[EXEC.VERSION] = PLAN_VERSION
  words[EXEC.NUM_EXAMPLES] = 1
  words[EXEC.BATCH_SIZE] = 1
  words[EXEC.ROWS] = ints([0])
  words[EXEC.RESULTS] = ints([0])
  for (const input of [EXEC.INDICES, EXEC.STEP_INPUT, EXEC.SEED_INPUT]) words[input] = ints([0])
  const program = ints([POINTWISE.ADAM_REGISTERS, 1, 0, ...registers.flat(), MICRO.ADAM, 0, 0, 0, 0])
  words[EXEC.PROGRAM] = ints([OP.MAP, 5, 1, BLOCK, program, 0])
  words[EXEC.PROGRAM_WORDS] = 5
  const exec = ints(words)
  expect(addon.check(arena, exec)).toBe(0)
  return { w, m, v, step: () => expect(addon.run(arena, exec, 1, 0)).toBe(0) }
}

/**
 * What is wrong with the roots of `count` numbers, given by their bits; undefined if nothing is.
 */
function firstWrong(
  { w, m, v, step }: ReturnType<typeof prepare>,
  count: number,
  bits: (index: number) => number,
): number | undefined {
  const words = new Uint32Array(v.buffer, v.byteOffset, BLOCK)
  for (let start = 0; start < count; start += BLOCK) {
    for (let i = 0; i < BLOCK; i++) {
      words[i] = bits(start + i)
      if (Math.abs(at(v, i)) < 2 ** -126) v[i] = 0 // as Adam would
      w[i] = 1
      const root = Math.sqrt(at(v, i))
      m[i] = root > 0 && root < Infinity ? root : 1
    }
    const [numerators, numbers] = [m.slice(), v.slice()]
    step()
    for (let i = 0; i < BLOCK; i++) {
      const x = at(numbers, i)
      const expected = f(1 - f(at(numerators, i) / f(Math.sqrt(x))))
      if (!(at(w, i) === expected || (Number.isNaN(at(w, i)) && Number.isNaN(expected)))) return x
    }
  }
  return undefined
}

// Where no compiler was found at set-up there is nothing to look at.
describe.each(nativeInstructionSets())('%s', (instructionSet) => {
  it('rounds all roots of [1, 4), and of zeros among them', () => {
    // Each 16 numbers twice, since one vector's roots in two may be made another way.
    const number = (index: number): number => ONE + ((index >> 5) << 4) + (index & 15)
    expect(firstWrong(prepare(instructionSet), 2 * (FOUR - ONE), number)).toBeUndefined()
    const sparse = (index: number): number => (index % 5 === 0 ? number(31 * index) : 0)
    expect(firstWrong(prepare(instructionSet), BLOCK, sparse)).toBeUndefined()
  })

  it('rounds roots of any magnitude, and of what has no root', () => {
    const rising = (index: number): number => index * 509
    expect(firstWrong(prepare(instructionSet), 2 ** 32 / 509, rising)).toBeUndefined()
    const scattered = (index: number): number => Math.imul(index, 2654435761)
    expect(firstWrong(prepare(instructionSet), 4 * BLOCK, scattered)).toBeUndefined()
  })
})
