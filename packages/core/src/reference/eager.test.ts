import { describe, expect, expectTypeOf, test } from 'vitest'
import { ShapeError, UserError } from '../errors.js'
import { constant } from '../ops/constant.js'
import { add, mul } from '../ops/elementwise.js'
import { cast } from '../ops/operands.js'
import { matmul } from '../ops/product.js'
import { argMax, softmax } from '../ops/reduction.js'
import type { Tensor } from '../tracing/tensor.js'
import { traceProgram } from '../tracing/trace.js'
import { eager, type EagerValue } from './eager.js'

describe('eager', () => {
  test('gives the values of a tensor on the spot', () => {
    const value = eager(() => softmax(constant([1, 2, 3])))
    expectTypeOf(value).toEqualTypeOf<EagerValue>()
    const powers = [1, 2, 3].map(Math.exp)
    const total = powers.reduce((sum, x) => sum + x, 0)
    expect(value.shape).toEqual([3])
    expect(value.values).toEqual(Float32Array.from(powers, (x) => x / total))
  })

  test('of a record of tensors, each with its dtype', () => {
    const { product, largest, byte } = eager(() => {
      const x = constant([
        [1, 2],
        [3, 4],
      ])
      return { product: matmul(x, x), largest: argMax(x), byte: cast(300, 'u8') }
    })
    expectTypeOf(product).toEqualTypeOf<EagerValue>()
    expect(product).toEqual({ values: Float32Array.of(7, 10, 15, 22), shape: [2, 2] })
    expect(largest).toEqual({ values: Int32Array.of(1, 1), shape: [2] })
    expect(byte).toEqual({ values: Uint8Array.of(255), shape: [] })
  })

  test('refuses what is no tensor, and shapes that do not fit', () => {
    expect(() => eager(() => 3 as unknown as Tensor)).toThrow(UserError)
    expect(() => eager(() => add(constant([1, 2]), constant([1, 2, 3])))).toThrow(ShapeError)
  })
})

describe('constant', () => {
  test.each([
    [Int32Array.of(-1, 2), 'i32[2]'],
    [Uint8Array.of(1, 255), 'u8[2]'],
    [Float32Array.of(0.5), 'f32[1]'],
    [Float64Array.of(0.1, 0.2), 'f32[2]'],
    [[[1], [2], [3]], 'f32[3, 1]'],
  ])('takes %j', (values, type) => {
    let made = ''
    traceProgram(() => {
      made = constant(values).toString()
    })
    expect(made).toBe(type)
  })

  test('keeps the values and takes a shape', () => {
    const value = eager(() => constant(Int32Array.of(1, 2, 3, -4), [2, 2]))
    expect(value).toEqual({ values: Int32Array.of(1, 2, 3, -4), shape: [2, 2] })
  })

  test('refuses lists of different lengths', () => {
    expect(() => eager(() => constant([[1, 2], [3]]))).toThrow('lists in a list must be of one length')
    expect(() => eager(() => constant([1, [2]]))).toThrow('lists in a list must be of one length')
  })
})

describe('JavaScript’s operators', () => {
  /** As code without types has it. */
  const tensorIn = (use: (tensor: number) => unknown) => () =>
    eager(() => {
      const tensor = mul(constant([1, 2]), 2)
      use(tensor as unknown as number)
      return tensor
    })

  test.each<[string, (tensor: number) => unknown, string]>([
    ['*', (t) => t * 2, 'mul(tensor, 2)'],
    ['-', (t) => -t, 'mul(tensor, 2)'],
    ['>', (t) => t > 1, 'greater(tensor, 1)'],
    ['+', (t) => t + 1, 'add(tensor, 1)'],
    // eslint-disable-next-line eqeqeq -- The mistake under test.
    ['==', (t) => t == 1, 'equal(tensor, 1)'],
    ['Math', (t) => Math.exp(t), 'a tensor has no value'],
  ])('%s fails with what to write', (_, use, message) => {
    expect(tensorIn(use)).toThrow(UserError)
    expect(tensorIn(use)).toThrow(message)
    expect(tensorIn(use)).toThrow(/\(at .*eager\.test\.ts:\d+\)$/)
  })

  // eslint-disable-next-line eqeqeq -- The mistake under test.
  const comparesList = (tensor: number) => ([tensor] as unknown) == 1

  test.runIf(showsTextsOfLists())('[] == fails with what to write', () => {
    expect(tensorIn(comparesList)).toThrow(UserError)
    expect(tensorIn(comparesList)).toThrow('a list of tensors cannot be compared')
    expect(tensorIn(comparesList)).toThrow(/\(at .*eager\.test\.ts:\d+\)$/)
  })

  test.skipIf(showsTextsOfLists())(
    '[] == is false where the engine does not show that it makes a text of a list',
    () => {
      let isEqual: unknown
      tensorIn((tensor) => (isEqual = comparesList(tensor)))()
      expect(isEqual).toBe(false)
    },
  )

  test('V8 shows it up to 13', () => {
    expect(showsTextsOfLists()).toBe(Number.parseInt(process.versions.v8, 10) <= 13)
  })

  test('texts of a tensor are its type', () => {
    let texts: unknown[] = []
    tensorIn((t: number) => (texts = [`${t}`, String(t), [t, t].join()]))()
    expect(texts).toEqual(['f32[2]', 'f32[2]', 'f32[2],f32[2]'])
  })
})

/** Whether a stack has the call by which `[element] == x` makes a text of the list. */
function showsTextsOfLists(): boolean {
  let stack = ''
  const element = {
    toString() {
      stack = new Error().stack ?? ''
      return ''
    },
  }
  // eslint-disable-next-line eqeqeq -- What it asks.
  const isEqual = ([element] as unknown) == 1
  return !isEqual && stack.includes('Array.toString (')
}
