/**
 * The reference evaluator where values are out of the ordinary; ops.test.ts has the ordinary ones.
 */
import { describe, expect, test } from 'vitest'
import {
  argMax,
  cast,
  type DType,
  equal,
  exp,
  flush,
  flushBelow,
  gather,
  less,
  max,
  maximum,
  minimum,
  mul,
  oneHot,
  relu,
  scatterAdd,
  select,
  softmax,
  sum,
  type Tensor,
  UserError,
} from '../index.js'
import { evaluate, traceProgram } from '../engine/index.js'

/** What `build` makes of the values. */
function valueOf(values: readonly number[], build: (x: Tensor) => Tensor, dtype: DType = 'f32'): number[] {
  const program = traceProgram((trace) => {
    trace.result('value', build(trace.batch('x', dtype, [values.length])))
  })
  return [...(evaluate(program, { batch: { x: values } }).results.value ?? [])]
}

describe('the reference evaluator', () => {
  test('keeps NaN where an op must not lose it', () => {
    expect(valueOf([NaN, -1, 2], relu)).toEqual([NaN, 0, 2])
    expect(valueOf([NaN, 1, 2], (x) => max(x))).toEqual([NaN])
    expect(valueOf([NaN, 1, 2], (x) => maximum(x, 1.5))).toEqual([NaN, 1.5, 2])
    expect(valueOf([NaN, 1, 2], (x) => minimum(x, 1.5))).toEqual([NaN, 1, 1.5])
    expect(valueOf([NaN, 1, 2], softmax)).toEqual([NaN, NaN, NaN])
  })

  test('compares NaN with nothing', () => {
    expect(valueOf([NaN, 1], (x) => less(x, 2))).toEqual([0, 1])
    expect(valueOf([NaN, 1], (x) => equal(x, x))).toEqual([0, 1])
    expect(valueOf([NaN, 0, -0], (x) => select(x, 1, 2))).toEqual([1, 2, 2])
  })

  test('takes the first of equals, and NaN before all', () => {
    expect(valueOf([1, 3, 3], argMax)).toEqual([1])
    expect(valueOf([1, NaN, 3, NaN], argMax)).toEqual([1])
    expect(valueOf([-Infinity, -Infinity], argMax)).toEqual([0])
  })

  test('flushes what is below a size, and exponentials that f32 has only as denormals', () => {
    expect(valueOf([0.5, -0.5, 0.25, -0.25, NaN], (x) => flushBelow(x, 0.5))).toEqual([0.5, -0.5, 0, 0, NaN])
    expect(valueOf([-88, -87], exp)).toEqual([0, Math.exp(-87)])
  })

  test('flushes numbers that f32 has only as denormals', () => {
    expect(valueOf([2 ** -126, 2 ** -127, -(2 ** -127), -(2 ** -126)], flush)).toEqual([2 ** -126, 0, 0, -(2 ** -126)])
  })

  test('casts towards zero, within the limits of the dtype', () => {
    const numbers = [1.9, -1.9, 3e9, -3e9, NaN, Infinity]
    expect(valueOf(numbers, (x) => cast(x, 'i32'))).toEqual([1, -1, 2 ** 31 - 1, -(2 ** 31), 0, 2 ** 31 - 1])
    expect(valueOf(numbers, (x) => cast(x, 'u8'))).toEqual([1, 0, 255, 0, 0, 255])
  })

  test('gives zeros for a number outside of a table, and leaves out its update', () => {
    expect(valueOf([-1, 1, 9], (i) => gather(i, i), 'i32')).toEqual([0, 1, 0])
    expect(valueOf([-1, 1, 1, 9], (i) => scatterAdd(i, i, 3), 'i32')).toEqual([0, 2, 0])
    expect(valueOf([-1, 1, 2], (i) => oneHot(i, 2), 'i32')).toEqual([0, 0, 0, 1, 0, 0])
  })

  test('survives large logits', () => {
    expect(valueOf([1000, 0, -1000], softmax)).toEqual([1, 0, 0])
  })

  test('has states after a step: the updated, and the others as they were', () => {
    const program = traceProgram((trace) => {
      const a = trace.state('a', [2], { kind: 'constant', value: 1 })
      trace.state('b', [], { kind: 'constant', value: 5 })
      trace.update('a', mul(a, 2))
      trace.result('sum', sum(a))
    })
    const once = evaluate(program)
    expect(once.state).toEqual({ a: Float64Array.of(2, 2), b: Float64Array.of(5) })
    expect(once.results).toEqual({ sum: Float64Array.of(2) })
    expect(evaluate(program, { state: once.state }).state.a).toEqual(Float64Array.of(4, 4))
  })

  test('says which value is missing or of the wrong size', () => {
    const program = traceProgram((trace) => trace.result('x', trace.batch('x', 'u8', [2])))
    expect(() => evaluate(program)).toThrow(UserError)
    expect(() => evaluate(program)).toThrow('evaluate needs a value for batch "x"')
    expect(() => evaluate(program, { batch: { x: [1] } })).toThrow('batch "x" has 2 elements, but was given 1')
  })
})
