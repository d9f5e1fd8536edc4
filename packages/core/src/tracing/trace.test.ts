/**
 * Tracing: what becomes of user code, and what is refused.
 */
import { describe, expect, test } from 'vitest'
import {
  add,
  argMax,
  cast,
  constant,
  div,
  exp,
  matmul,
  mul,
  randomNormal,
  randomUniform,
  relu,
  reshape,
  sub,
  sum,
  type Tensor,
  transpose,
  UserError,
} from '../index.js'
import { currentTrace, evaluate, type Trace, traceProgram } from '../engine/index.js'

const zero = { kind: 'constant', value: 0 } as const
const noise = { kind: 'normal', mean: 0, std: 1 } as const

/** The text of a Program whose results are these tensors. */
function traced(build: (trace: Trace, x: Tensor) => Tensor | Tensor[]): string {
  return traceProgram((trace) => {
    const built = build(trace, trace.batch('x', 'f32', [2, 3]))
    ;[built].flat().forEach((tensor, i) => trace.result(`r${i}`, tensor))
  }).toString()
}

describe('a trace', () => {
  test('computes equal expressions once', () => {
    const text = traced((_, x) => [sum(exp(add(x, 1))), sum(mul(exp(add(x, 1)), 2))])
    expect(text.match(/exp/g)).toHaveLength(1)
    expect(text.match(/constant\(1\)/g)).toHaveLength(1)
  })

  test('keeps expressions apart that differ in operands, attributes or type', () => {
    const text = traced((_, x) => [sum(x, 0), sum(x, 1), sub(x, 1), sub(1, x), reshape(x, [6])])
    expect(text.match(/= sum/g)).toHaveLength(2)
    expect(text.match(/= sub/g)).toHaveLength(2)
  })

  test('drops what no update or result needs, but no state', () => {
    const program = traceProgram((trace) => {
      const weights = trace.state('weights', [2], zero)
      trace.state('kept', [3], zero)
      trace.batch('unused', 'u8', [4])
      trace.step()
      exp(weights)
      trace.result('loss', sum(weights))
    })
    expect(program.toString()).toBe(
      [
        '%0 = input(state weights) {kind: constant, value: 0} : f32[2]',
        '%1 = input(state kept) {kind: constant, value: 0} : f32[3]',
        '%2 = sum(%0) {axes: [0]} : f32[]',
        'result loss = %2',
      ].join('\n'),
    )
  })

  test('gives the same Program every time', () => {
    const build = () =>
      traceProgram((trace) => {
        const weights = trace.state('weights', [3, 2], noise)
        const hidden = matmul(trace.batch('x', 'u8', [4, 3]), weights)
        trace.update('weights', mul(weights, sum(mul(hidden, randomUniform([4, 2], 'mask')))))
        trace.result('loss', sum(hidden))
      })
    expect(build().hash).toBe(build().hash)
    expect(build().toString()).toBe(build().toString())
  })

  test('gives the same batch field, step and seed when asked again', () => {
    traceProgram((trace) => {
      expect(trace.batch('x', 'u8', [2])).toBe(trace.batch('x', 'u8', [2]))
      expect(trace.step()).toBe(trace.step())
      expect(trace.seed()).toBe(trace.seed())
      expect(trace.step()).not.toBe(trace.seed())
    })
  })

  test('casts integers where arithmetic meets them', () => {
    const text = traced((trace) => [
      matmul(trace.batch('pixels', 'u8', [1, 2]), trace.batch('table', 'i32', [2, 1])),
      argMax(trace.batch('x', 'f32', [2, 3])),
    ])
    expect(text.match(/cast/g)).toHaveLength(3)
    expect(text).not.toMatch(/result.*i32/)
  })

  test('does not see later changes of a shape that it was given', () => {
    const shape = [2, 3]
    const program = traceProgram((trace) => {
      const x = trace.batch('x', 'f32', shape)
      trace.result('loss', sum(reshape(x, shape)))
      shape[0] = 7
    })
    expect(program.node(0).shape).toEqual([2, 3])
  })

  test('can be traced within another', () => {
    traceProgram((outer) => {
      const inner = traceProgram((trace) => trace.result('one', constant(1)))
      expect(inner.nodes).toHaveLength(1)
      expect(currentTrace()).toBe(outer)
    })
    expect(() => currentTrace()).toThrow(UserError)
  })
})

describe('a trace leaves no node for', () => {
  test.each<[string, (x: Tensor) => Tensor]>([
    ['x * 1', (x) => mul(x, 1)],
    ['1 * x', (x) => mul(1, x)],
    ['x / 1', (x) => div(x, constant([1, 1, 1]))],
    ['a cast to the same dtype', (x) => cast(x, 'f32')],
    ['a reshape to the same shape', (x) => reshape(x, [2, -1])],
    ['a reshape back', (x) => reshape(reshape(x, [6]), [2, 3])],
    ['the identity permutation', (x) => transpose(x, [0, -1])],
  ])('%s', (_name, build) => {
    traceProgram((trace) => {
      const x = trace.batch('x', 'f32', [2, 3])
      expect(build(x)).toBe(x)
    })
  })

  test('arithmetic on constants, which is rounded as f32', () => {
    // In double precision it would be 0.1.
    expect(traced(() => sub(1, 0.9))).toBe('%0 = constant(0.100000024) : f32[]\nresult r0 = %0')
  })

  test('but not where the result is no finite number', () => {
    expect(traced(() => mul(3e38, 10))).toContain('mul')
  })
})

describe('random numbers', () => {
  test('of one purpose used twice are different, and the same from trace to trace', () => {
    const program = () =>
      traceProgram((trace) => {
        trace.result('a', randomNormal([4], 'dropout'))
        trace.result('b', randomNormal([4], 'dropout'))
      })
    const { results } = evaluate(program(), { seed: 3 })
    expect(results.a).not.toEqual(results.b)
    expect(evaluate(program(), { seed: 3 }).results).toEqual(results)
    expect(evaluate(program(), { seed: 0 }).results.a).not.toEqual(results.a)
    expect(evaluate(program(), { seed: 3, step: 1 }).results.a).not.toEqual(results.a)
  })

  test('never share a name with the first values of a state', () => {
    expect(() =>
      traceProgram((trace) => {
        randomNormal([4], 'weights')
        trace.state('weights', [4], noise)
      }),
    ).toThrow('"weights" is the name of two things that draw random numbers: rename one')
    traceProgram((trace) => {
      randomNormal([4], 'bias')
      trace.state('bias', [4], zero)
    })
  })
})

describe('a trace refuses', () => {
  let leaked: Tensor | undefined

  test.each<[string, (trace: Trace, x: Tensor) => unknown]>([
    ['there are two states named "w"', (trace) => [trace.state('w', [], zero), trace.state('w', [], zero)]],
    ['there is no state named "w" to update', (trace, x) => trace.update('w', x)],
    [
      'state "w" is updated twice',
      (trace) => {
        const w = trace.state('w', [], zero)
        trace.update('w', w)
        trace.update('w', w)
      },
    ],
    [
      'update: state "w" is f32[], its next value f32[2, 3]',
      (trace, x) => {
        trace.state('w', [], zero)
        trace.update('w', x)
      },
    ],
    [
      'there are two results named "loss"',
      (trace, x) => {
        trace.result('loss', x)
        trace.result('loss', x)
      },
    ],
    ['batch field "x" is f32[2, 3] and cannot be u8[2, 3] as well', (trace) => trace.batch('x', 'u8', [2, 3])],
    ['state "w": [0] is not a shape: extents are positive integers', (trace) => trace.state('w', [0], zero)],
    ['batch field "y": [1.5] is not a shape', (trace) => trace.batch('y', 'u8', [1.5])],
    ['NaN cannot be a constant', (_, x) => add(x, NaN)],
    ['1e+39 cannot be a constant', (_, x) => add(x, 1e39)],
    ['256 cannot be a constant of dtype u8', () => constant(256, [], 'u8')],
    ['300 cannot be a constant of dtype u8', () => constant([1, 300], [2], 'u8')],
    ['-1 cannot be a constant of dtype u8', () => constant(-1, [], 'u8')],
    ['0.5 cannot be a constant of dtype i32', () => constant(0.5, [], 'i32')],
    ['NaN cannot be a constant of dtype i32', () => constant(NaN, [], 'i32')],
    [
      'state "__proto__" has a name that every JavaScript object has already',
      (trace) => trace.state('__proto__', [], zero),
    ],
    [
      'batch field "__proto__" has a name that every JavaScript object has already',
      (trace) => trace.batch('__proto__', 'f32', [2]),
    ],
    [
      'result "__proto__" has a name that every JavaScript object has already',
      (trace, x) => trace.result('__proto__', x),
    ],
    ['constant: 2 values do not fill [3]', () => constant([1, 2], [3])],
    ['expected a tensor or a number, not undefined', (_, x) => add(x, undefined as never)],
    ['a tensor of one Program is used in another', (_, x) => traceProgram(() => void relu(x))],
  ])('%s', (message, build) => {
    const run = () =>
      traceProgram((trace) => {
        leaked = trace.batch('x', 'f32', [2, 3])
        build(trace, leaked)
      })
    expect(run).toThrow(UserError)
    expect(run).toThrow(message)
  })

  test('tensors after it is done', () => {
    traceProgram((trace) => void (leaked = trace.batch('x', 'f32', [2])))
    expect(() => relu(leaked ?? 0)).toThrow('tensors exist only while a model is traced')
  })

  test('an async model', () => {
    const model = async () => {
      await Promise.resolve()
    }
    expect(() => traceProgram(() => model() as unknown as undefined)).toThrow('it cannot be async')
  })
})
