import { evaluate, fillUniform, purposeOf, traceProgram } from '@gradpool/core/engine'
import { describe, expect, test } from 'vitest'
import { wave } from '../testing/describe-layer.js'
import { warp, type WarpOptions } from './warp.js'

const shape = [5, 7] as const
const [height, width] = shape
const batch = 3
const image = wave(batch * height * width, 4).map((x) => Math.round(127 + 127 * x))

function warped(options: WarpOptions, step = 0, seed = 1): Float64Array {
  const program = traceProgram((trace) => {
    trace.result('out', warp(trace.batch('image', 'u8', [batch, height * width]), shape, options))
  })
  const { results } = evaluate(program, { batch: { image }, step, seed })
  return results.out ?? new Float64Array()
}

/** The same by the definition, one pixel at a time, with the generator's numbers. */
function expected({ shift = 0, strain = 0 }: WarpOptions, step: number, seed: number): number[] {
  const numbers = (what: string, most: number) => {
    const values = new Float32Array(batch)
    fillUniform(values, seed, purposeOf(`warp/${what}`), step)
    return Array.from(values, (u) => (2 * u - 1) * most)
  }
  const [xx, xy, yx, yy] = ['xx', 'xy', 'yx', 'yy'].map((what) => numbers(what, strain))
  const [tx, ty] = ['x', 'y'].map((what) => numbers(what, shift))
  const pixel = (example: number, row: number, column: number) =>
    row < 0 || column < 0 || row >= height || column >= width
      ? 0
      : (image[(example * height + row) * width + column] ?? NaN)
  return image.map((_, i) => {
    const example = Math.floor(i / (height * width))
    const at = (values: readonly number[] | undefined) => values?.[example] ?? NaN
    const x = (i % width) - (width - 1) / 2
    const y = (Math.floor(i / width) % height) - (height - 1) / 2
    const column = (1 + at(xx)) * x + at(xy) * y + at(tx) + (width - 1) / 2
    const row = at(yx) * x + (1 + at(yy)) * y + at(ty) + (height - 1) / 2
    let sum = 0
    for (const top of [Math.floor(row), Math.floor(row) + 1]) {
      for (const left of [Math.floor(column), Math.floor(column) + 1]) {
        const share = (1 - Math.abs(row - top)) * (1 - Math.abs(column - left))
        sum += share * pixel(example, top, left)
      }
    }
    return sum
  })
}

describe('warp', () => {
  test('without shift and strain is the image', () => {
    warped({ shift: 0, strain: 0 }).forEach((pixel, i) => expect(pixel).toBeCloseTo(image[i] ?? NaN))
  })

  test.each([
    { shift: 2, strain: 0 },
    { shift: 0, strain: 0.5 },
    { shift: 1.5, strain: 0.3 },
    { shift: 30, strain: 2 },
  ])('is the bilinear map of its definition, %o', (options) => {
    for (const step of [0, 1]) {
      const out = warped(options, step, 7)
      expected(options, step, 7).forEach((pixel, i) => {
        expect(Math.abs((out[i] ?? NaN) - pixel)).toBeLessThan(1e-3)
      })
    }
  })

  test('is another in each step, for each example, and the same again', () => {
    expect(warped({}, 0)).toEqual(warped({}, 0))
    expect(warped({}, 0)).not.toEqual(warped({}, 1))
  })

  test('refuses images of another shape, and options out of range', () => {
    const trace = (shape: [number, number], options?: WarpOptions) => () =>
      traceProgram((trace) => {
        trace.result('out', warp(trace.batch('image', 'u8', [2, 6]), shape, options))
      })
    expect(trace([2, 4])).toThrow('warp: images must be [batch, 8] for 2 × 4 pixels, not u8[2, 6]')
    expect(trace([2, 3], { shift: -1 })).toThrow('warp: shift must be a number of at least 0, not -1')
    expect(trace([2, 3], { strain: NaN })).toThrow('warp: strain must be')
  })
})
