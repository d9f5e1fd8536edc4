import { UserError } from '@gradpool/core'
import { describe, expect, it } from 'vitest'
import { checkRows, type RowValues } from './rows-in.js'

const f32 = { name: 'x', dtype: 'f32', shape: [2] } as const
const u8 = { name: 'label', dtype: 'u8', shape: [] } as const
const i32 = { name: 'token', dtype: 'i32', shape: [] } as const

describe('rows for a prediction', () => {
  it('are taken as they are where the types are the same', () => {
    const x = new Float32Array(6)
    const label = new Uint8Array(3)
    const { numRows, arrays } = checkRows([f32, u8], { x, label })
    expect(numRows).toBe(3)
    expect(arrays[0]).toBe(x)
    expect(arrays[1]).toBe(label)
  })

  it('may be numbers that the type has', () => {
    const convert = (field: typeof f32 | typeof u8 | typeof i32, values: RowValues) =>
      checkRows([field], { [field.name]: values }).arrays[0]
    expect(convert(f32, [0.1, NaN])).toEqual(Float32Array.of(0.1, NaN))
    expect(convert(f32, Float64Array.of(0.1, 2))).toEqual(Float32Array.of(0.1, 2))
    expect(convert(u8, [0, 255])).toEqual(Uint8Array.of(0, 255))
    expect(convert(u8, Float32Array.of(7))).toEqual(Uint8Array.of(7))
    expect(convert(i32, Uint8Array.of(7))).toEqual(Int32Array.of(7))
    expect(convert(i32, [-(2 ** 31)])).toEqual(Int32Array.of(-(2 ** 31)))
  })

  it.each<[string, Record<string, unknown>, string]>([
    ['a missing field', {}, 'this model reads x, label, and nothing was given'],
    ['another field', { x: [1, 2], y: [1] }, 'this model reads x, label, and x, y was given'],
    ['one more', { x: [1, 2], label: [1], y: [1] }, 'reads x, label, and x, label, y was given'],
    ['half a row', { x: [1, 2, 3], label: [1] }, '"x" is f32[2] for each row, so 3 values are no whole'],
    ['other rows', { x: [1, 2], label: [1, 2] }, '"label" has 2 rows, and "x" has 1'],
    ['bytes for f32', { x: Uint8Array.of(1, 2), label: [1] }, 'and a Uint8Array was given; convert and scale'],
    ['a text', { x: 'ab', label: [1] }, '"x" is f32[2] for each row, and a string was given'],
    ['nested lists', { x: [[1, 2]], label: [1] }, 'in one flat list of numbers, and value 0 is Array'],
    ['a hole', { x: [1, undefined], label: [1] }, 'value 1 is undefined'],
    ['a number that is no byte', { x: [1, 2], label: [256] }, 'value 0 is 256'],
    ['a number that is not whole', { x: [1, 2], label: [0.5] }, 'value 0 is 0.5'],
    ['null', { x: [1, 2], label: null }, 'and a null was given'],
  ])('are refused in a sentence for %s', (_, given, message) => {
    // What JavaScript may pass.
    const rows = () => checkRows([f32, u8], given as Record<string, RowValues>)
    expect(rows).toThrow(UserError)
    expect(rows).toThrow(message)
  })
})
