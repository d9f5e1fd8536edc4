/** What a pattern finds, and what it does not. */
import { expect, test } from 'vitest'
import { add, mul, sub } from '../ops/elementwise.js'
import { traceProgram } from '../tracing/trace.js'
import { zeros } from '../random/initializers.js'
import type { Tensor } from '../tracing/tensor.js'
import { matchPattern, type Pattern } from './pattern.js'

const [W, RATE, G] = [0, 1, 2]

/** What the pattern finds in a computation of three states; `rate` stands for that state alone. */
function found(pattern: Pattern, compute: (w: Tensor, rate: Tensor, g: Tensor) => Tensor) {
  const program = traceProgram((trace) => {
    const state = (name: string) => trace.state(name, [2], zeros)
    trace.update('w', compute(state('w'), state('rate'), state('g')))
  })
  const end = program.updates[0]?.node ?? -1
  return matchPattern(pattern, end, {
    node: (index) => program.node(index),
    capture: (name, index) => (name === 'rate' && index !== RATE ? undefined : index),
  })
}

test('names stand for nodes, in either order of a product', () => {
  const pattern: Pattern = ['sub', 'w', { name: 'change', of: ['mul', 'rate', 'g'] }]
  const nodes = { w: W, rate: RATE, g: G, change: 3 }
  const inside = new Set([3, 4])
  expect(found(pattern, (w, rate, g) => sub(w, mul(rate, g)))).toEqual({ nodes, inside })
  expect(found(pattern, (w, rate, g) => sub(w, mul(g, rate)))).toEqual({ nodes, inside })
})

test('other ops, and other orders of them, are not found', () => {
  const pattern: Pattern = ['sub', 'w', ['mul', 'rate', 'g']]
  expect(found(pattern, (w, rate, g) => add(w, mul(rate, g)))).toBeUndefined()
  expect(found(pattern, (w, rate, g) => sub(mul(rate, g), w))).toBeUndefined()
  expect(found(pattern, (w, _, g) => sub(w, mul(g, g)))).toBeUndefined()
})

test('a name stands for one node, whichever factor it is', () => {
  const pattern: Pattern = ['add', ['mul', 'rate', 'g'], ['mul', 'g', 'w']]
  expect(found(pattern, (w, rate, g) => add(mul(g, rate), mul(w, g)))?.nodes).toEqual({
    w: W,
    rate: RATE,
    g: G,
  })
  expect(found(pattern, (w, rate, g) => add(mul(g, rate), mul(w, rate)))).toBeUndefined()
})

test('what is computed on the way is no operand', () => {
  const pattern: Pattern = ['add', ['mul', 'a', 'b'], ['sub', { name: 'change', of: ['mul', 'a', 'b'] }, 'w']]
  expect(found(pattern, (w, rate, g) => add(mul(rate, g), sub(mul(rate, g), w)))?.nodes.w).toBe(W)
  expect(found(pattern, (_, rate, g) => add(mul(rate, g), sub(mul(rate, g), mul(rate, g))))).toBeUndefined()
})
