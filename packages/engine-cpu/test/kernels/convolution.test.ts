/** Convolutions and pooling, bit by bit against chains in the order that `kernels/plan.h` states. */
import { fusedMultiplyAdd, segmentsOf } from '@gradpool/core/engine'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CONV_ROWS, MICRO, OP, REGISTER } from '../../src/instructions.js'
import { addressOf, at, expectSameBits, KernelHost, testFloats } from '../../src/testing/kernel-host.js'
import { wasmBuilds } from '../../src/wasm-engine.js'

interface Axis {
  readonly input: number
  readonly output: number
  readonly taps: number
  readonly stride: number
  readonly dilation: number
  readonly before: number
}

interface Case {
  readonly examples: number
  readonly groups: number
  /** Channels and filters of a group. */
  readonly channels: number
  readonly filters: number
  readonly axes: readonly Axis[]
  readonly seed: number
  readonly segments: number
}

interface Term {
  readonly example: number
  readonly x: number
  readonly filter: number
  readonly y: number
}

const hosts = wasmBuilds().map((build) => new KernelHost(build))

const sizeOf = (numbers: readonly number[]) => numbers.reduce((product, n) => product * n, 1)
const inputs = ({ axes }: Case) => sizeOf(axes.map(({ input }) => input))
const outputs = ({ axes }: Case) => sizeOf(axes.map(({ output }) => output))
const taps = ({ axes }: Case) => sizeOf(axes.map(({ taps }) => taps))

/** The numbers below those of a list of extents, row-major. */
function* indices(extents: readonly number[]): Generator<readonly number[]> {
  const [first, ...rest] = extents
  if (first === undefined) yield []
  else for (let i = 0; i < first; i++) for (const inner of indices(rest)) yield [i, ...inner]
}

const offset = (index: readonly number[], extents: readonly number[]) =>
  index.reduce((sofar, i, axis) => sofar * at(extents, axis) + i, 0)

/**
 * The terms whose tap is inside: by example, window, tap, channel and filter; or by tap first, which is the order of
 * the transposed convolution.
 */
function* terms({ examples, groups, channels, filters, axes }: Case, tapsFirst: boolean): Generator<Term> {
  const [windowsOf, tapsOf] = [axes.map(({ output }) => output), axes.map(({ taps }) => taps)]
  const inputsOf = axes.map(({ input }) => input)
  const outer = tapsFirst ? [...tapsOf, ...windowsOf] : [...windowsOf, ...tapsOf]
  for (let example = 0; example < examples; example++) {
    for (const index of indices(outer)) {
      const [first, second] = [index.slice(0, axes.length), index.slice(axes.length)]
      const [window, tap] = tapsFirst ? [second, first] : [first, second]
      const from = axes.map((axis, i) => at(window, i) * axis.stride + at(tap, i) * axis.dilation - axis.before)
      if (!from.every((i, axis) => i >= 0 && i < at(inputsOf, axis))) continue
      for (let group = 0; group < groups; group++) {
        for (let c = 0; c < channels; c++) {
          for (let f = 0; f < filters; f++) {
            yield {
              example,
              x: (example * sizeOf(inputsOf) + offset(from, inputsOf)) * groups * channels + group * channels + c,
              filter: (offset(tap, tapsOf) * channels + c) * groups * filters + group * filters + f,
              y: (example * sizeOf(windowsOf) + offset(window, windowsOf)) * groups * filters + group * filters + f,
            }
          }
        }
      }
    }
  }
}

const geometry = ({ examples, groups, channels, filters, axes }: Case): number[] => [
  examples,
  groups * channels,
  groups * filters,
  groups,
  ...Array.from({ length: 3 - axes.length }, () => [1, 1, 1, 1, 1, 0]).flat(),
  ...axes.flatMap(({ input, output, taps, stride, dilation, before }) => [
    input,
    output,
    taps,
    stride,
    dilation,
    before,
  ]),
]

/** What the three ops give. */
function expected(one: Case, x: Float32Array, filter: Float32Array, y: Float32Array) {
  const forward = new Float32Array(y.length)
  const transposed = new Float32Array(x.length)
  for (const term of terms(one, false)) {
    forward[term.y] = fusedMultiplyAdd(at(x, term.x), at(filter, term.filter), at(forward, term.y))
  }
  for (const term of terms(one, true)) {
    transposed[term.x] = fusedMultiplyAdd(at(y, term.y), at(filter, term.filter), at(transposed, term.x))
  }
  const parts = segmentsOf(one.examples, one.segments).map(({ start, length }) => {
    const part = new Float32Array(filter.length)
    for (const term of terms(one, false)) {
      if (term.example < start || term.example >= start + length) continue
      part[term.filter] = fusedMultiplyAdd(at(x, term.x), at(y, term.y), at(part, term.filter))
    }
    return part.map((sum) => sum + 0)
  })
  const ofFilter = parts.reduce((sum, part) => sum.map((value, i) => value + at(part, i)))
  return { forward: forward.map((sum) => sum + 0), transposed: transposed.map((sum) => sum + 0), ofFilter }
}

function check(one: Case): void {
  const [numX, numY] = [
    one.examples * inputs(one) * one.groups * one.channels,
    one.examples * outputs(one) * one.groups * one.filters,
  ]
  const numFilter = taps(one) * one.channels * one.groups * one.filters
  const values = [numX, numFilter, numY].map((count, i) => testFloats(count, one.seed + i))
  const [x, filter, y] = [
    values[0] ?? new Float32Array(),
    values[1] ?? new Float32Array(),
    values[2] ?? new Float32Array(),
  ]
  const wanted = expected(one, x, filter, y)
  for (const host of hosts) {
    host.reset()
    const [ofX, ofFilter, ofY] = [host.floats(x, 4), host.floats(filter, 8), host.floats(y, 12)]
    const each = [
      { opcode: OP.CONV, a: ofX, wanted: wanted.forward, columns: one.groups * one.filters, kept: 0 },
      {
        opcode: OP.CONV_TRANSPOSE,
        a: ofY,
        wanted: wanted.transposed,
        columns: one.groups * one.channels,
        kept: numFilter,
      },
    ]
    for (const { opcode, a, wanted, columns, kept } of each) {
      const bias = host.floats(testFloats(columns, one.seed + 3))
      const made = host.floats(wanted.length, 4)
      const output = host.floats(wanted.length)
      const block = (Math.min(CONV_ROWS, one.examples) * wanted.length) / one.examples
      const registers = [REGISTER.PRODUCT, 0, REGISTER.ROW, addressOf(bias), REGISTER.FULL, addressOf(output)]
      const addBias = host.ints([3, 1, 0, ...registers, MICRO.ADD, 2, 0, 1, 0])
      expect(host.execute(opcode, made, a, ofFilter, host.floats(kept), 0, ...geometry(one))).toBe(0)
      expectSameBits(made, wanted)
      expect(host.execute(opcode, 0, a, ofFilter, host.floats(kept + block), addBias, ...geometry(one))).toBe(0)
      const biased = wanted.map((value, i) => value + at(bias, i % columns))
      expectSameBits(output, biased)
    }
    const made = host.floats(numFilter)
    const scratch = host.floats(one.segments > 1 ? numFilter : 0)
    expect(host.execute(OP.CONV_FILTER, made, ofX, ofY, scratch, one.segments, ...geometry(one))).toBe(0)
    expectSameBits(made, wanted.ofFilter)
    expect(host.guardsHold()).toBe(true)
  }
}

const axis = fc
  .record({
    input: fc.integer({ min: 1, max: 9 }),
    taps: fc.integer({ min: 1, max: 5 }),
    stride: fc.integer({ min: 1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 2 }),
    begin: fc.nat(100),
    count: fc.nat(100),
  })
  .map(({ begin, count, ...axis }): Axis => {
    const before = begin % ((axis.taps - 1) * axis.dilation + 1)
    const most = Math.floor((before + axis.input - 1) / axis.stride) + 1
    return { ...axis, before, output: 1 + (count % most) }
  })

const shapes = fc
  .record({
    examples: fc.oneof(fc.constantFrom(1, 3), fc.integer({ min: 1, max: 14 })),
    groups: fc.constantFrom(1, 1, 1, 2, 3, 20),
    channels: fc.constantFrom(1, 1, 2, 3, 5, 6, 7, 13),
    filters: fc.constantFrom(1, 1, 2, 3, 4, 8, 9, 17, 33),
    axes: fc.array(axis, { minLength: 1, maxLength: 3 }),
    seed: fc.nat(),
    segments: fc.constantFrom(1, 1, 2, 5),
  })
  .map((one): Case => ({
    ...one,
    axes: one.axes.slice(0, one.groups * one.channels * one.filters > 100 ? 2 : 3),
    segments: Math.min(one.segments, one.examples),
  }))
  .filter((one) => one.examples * outputs(one) * taps(one) * one.groups * one.channels * one.filters < 200_000)

describe('convolution', { timeout: 60_000 }, () => {
  it('sums each element in the order of the plan, whatever the geometry', () => {
    fc.assert(fc.property(shapes, check), { numRuns: 150 })
  })

  const square = (input: number, taps: number): Axis => {
    return { input, output: input, taps, stride: 1, dilation: 1, before: (taps - 1) / 2 }
  }
  it.each<[string, Omit<Case, 'seed' | 'segments'>]>([
    ['one channel', { examples: 8, groups: 1, channels: 1, filters: 32, axes: [square(9, 5), square(9, 5)] }],
    ['many columns', { examples: 5, groups: 1, channels: 7, filters: 75, axes: [square(5, 3), square(4, 3)] }],
    ['few examples', { examples: 2, groups: 1, channels: 9, filters: 70, axes: [square(3, 3), square(15, 3)] }],
    [
      'more stretches than fit',
      { examples: 4, groups: 2, channels: 2, filters: 4, axes: [square(9, 9), square(9, 9)] },
    ],
    [
      'a filter for each channel',
      { examples: 7, groups: 37, channels: 1, filters: 1, axes: [square(6, 3), square(7, 3)] },
    ],
  ])('%s', (_, one) => {
    check({ ...one, seed: 5, segments: 2 })
  })
})

describe('max pooling', () => {
  it('takes the first of equals and the first NaN, and its transpose finds the same', () => {
    const pools = shapes.map(({ axes, ...one }) => ({
      ...one,
      axes: axes.map((axis) => {
        const before = Math.min(axis.before, axis.taps - 1)
        const most = Math.floor((before + axis.input - 1) / axis.stride) + 1
        return { ...axis, dilation: 1, before, output: Math.min(axis.output, most) }
      }),
    }))
    const property = fc.property(pools, (one) => {
      const pool = { ...one, groups: 1, channels: 1, filters: 1 }
      const columns = one.channels
      const [numIn, numOut] = [pool.examples * inputs(pool) * columns, pool.examples * outputs(pool) * columns]
      // Few different keys, so that many are equal.
      const keys = testFloats(numIn, one.seed).map((key) => (key > 0.95 ? NaN : Math.round(4 * key)))
      const [other, g] = [testFloats(numIn, one.seed + 1), testFloats(numOut, one.seed + 2)]
      const best = new Int32Array(numOut).fill(-1)
      for (const { x, y } of terms(pool, false)) {
        for (let c = 0; c < columns; c++) {
          const [from, to] = [x * columns + c, y * columns + c]
          const [key, sofar] = [at(keys, from), at(keys, at(best, to))]
          if (at(best, to) < 0 || key > sofar || (Number.isNaN(key) && !Number.isNaN(sofar))) best[to] = from
        }
      }
      const spread = new Float32Array(numIn)
      best.forEach((from, to) => (spread[from] = at(spread, from) + at(g, to)))
      const words = geometry({ ...pool, channels: columns, filters: columns })
      for (const host of hosts) {
        host.reset()
        const [ofKeys, ofOther, ofG] = [host.floats(keys), host.floats(other, 4), host.floats(g, 8)]
        const [largest, chosen, back] = [host.floats(numOut), host.floats(numOut), host.floats(numIn)]
        expect(host.execute(OP.MAX_POOL, largest, ofKeys, ofKeys, ...words)).toBe(0)
        expectSameBits(
          largest,
          Float32Array.from(best, (from) => at(keys, from)),
        )
        expect(host.execute(OP.MAX_POOL, chosen, ofKeys, ofOther, ...words)).toBe(0)
        expectSameBits(
          chosen,
          Float32Array.from(best, (from) => at(other, from)),
        )
        expect(host.execute(OP.MAX_POOL_SPREAD, back, ofKeys, ofG, ...words)).toBe(0)
        expectSameBits(back, spread)
        expect(host.guardsHold()).toBe(true)
      }
    })
    fc.assert(property, { numRuns: 100 })
  })
})
