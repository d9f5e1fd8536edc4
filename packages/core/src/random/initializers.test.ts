import { expect, test } from 'vitest'
import {
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  initializerFor,
  initialValue,
  normal,
  uniform,
} from './initializers.js'
import { initialState } from './initial-state.js'
import { fillNormal, purposeOf } from './random.js'
import { traceProgram } from '../tracing/trace.js'

test('a value depends on seed and name alone', () => {
  const draw = (seed: number, name: string, shape = [3, 2]) => initialValue(normal(0.03), shape, seed, name)
  expect(draw(0, 'a')).toEqual(draw(0, 'a'))
  expect(draw(0, 'a')).not.toEqual(draw(1, 'a'))
  expect(draw(0, 'a')).not.toEqual(draw(0, 'b'))
  expect([...draw(0, 'a', [2, 1])]).toEqual([...draw(0, 'a').slice(0, 2)])
})

test('normal scales and shifts one draw with one rounding each', () => {
  const draws = new Float32Array(5)
  fillNormal(draws, 3, purposeOf('w'), 0)
  const expected = draws.map((x) => Math.fround(Math.fround(0.03) * x) + Math.fround(0.5))
  expect(initialValue(normal(0.03, 0.5), [5], 3, 'w')).toEqual(expected)
})

test('uniform stays within its bounds', () => {
  const values = initialValue(uniform(-0.2, 0.3), [10_000], 1, 'w')
  expect(Math.min(...values)).toBeGreaterThanOrEqual(Math.fround(-0.2))
  expect(Math.max(...values)).toBeLessThan(Math.fround(0.3))
  expect(values.reduce((sum, x) => sum + x, 0) / 10_000).toBeCloseTo(0.05, 2)
})

test.each([
  [
    'a bound that is left out',
    () => uniform(0.1, NaN),
    'uniform: low and high must be numbers in order, not 0.1 and NaN',
  ],
  ['bounds in the wrong order', () => uniform(1, -1), 'uniform: low and high must be numbers in order, not 1 and -1'],
  ['a negative deviation', () => normal(-1), 'normal: std must be at least 0 and mean a number, not -1 and 0'],
])('%s is refused', (_, make, message) => {
  expect(make).toThrow(message)
})

test.each([
  ['glorotUniform', glorotUniform([30, 20]), { kind: 'uniform', limit: Math.sqrt(6 / 50) }],
  ['glorotNormal', glorotNormal([30, 20]), { kind: 'normal', limit: Math.sqrt(2 / 50) }],
  ['heUniform', heUniform([30, 20]), { kind: 'uniform', limit: Math.sqrt(6 / 30) }],
  ['heNormal', heNormal([30, 20]), { kind: 'normal', limit: Math.sqrt(2 / 30) }],
] as const)('%s follows its paper', (name, initializer, { kind, limit }) => {
  const expected = kind === 'uniform' ? { kind, low: -limit, high: limit } : { kind, mean: 0, std: limit }
  expect(initializer).toEqual(expected)
  expect(initializerFor(name, [30, 20])).toEqual(expected)
})

test('a kernel of several taps counts each of them', () => {
  // [height, width, in, out]: fan in 3 * 3 * 8.
  expect(heNormal([3, 3, 8, 16])).toEqual(normal(Math.sqrt(2 / 72)))
})

test('an unknown name lists the known ones', () => {
  const name = 'lecun' as 'heNormal'
  expect(() => initializerFor(name, [2, 2])).toThrow(
    'there is no initializer "lecun"; the named ones are glorotUniform, glorotNormal, heUniform, heNormal',
  )
})

test('initialState gives every state of a Program, by name', () => {
  const program = traceProgram((trace) => {
    trace.state('w', [2, 3], normal(1))
    trace.state('b', [3], { kind: 'constant', value: 2 })
  })
  const state = initialState(program, 4)
  expect(Object.keys(state)).toEqual(['w', 'b'])
  expect(state.w).toEqual(initialValue(normal(1), [2, 3], 4, 'w'))
  expect(state.b).toEqual(Float32Array.of(2, 2, 2))
})
