/** Recurrent layers by the contract of all, lengths at their edges, first weights, and what is refused. */
import {
  type Batch,
  defineModel,
  grad,
  mean,
  module,
  type Module,
  mul,
  reshape,
  slice,
  sum,
  type Tensor,
  UserError,
  zeros,
} from '@gradpool/core'
import { Binding, evaluate, initialState, sizeOf, traceProgram } from '@gradpool/core/engine'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { bidirectional, gru, type Layer, lstm, rnn, sequential } from '../index.js'
import { describeLayer, wave } from '../testing/describe-layer.js'

/** A layer over sequences as one over their features, whose states are under `own`. */
function overSequences(own: Module<Layer>, features: number): Module<Layer> {
  return module({ own }, (bound) => (x) => {
    const output = bound.own(reshape(x, [x.shape[0] ?? 1, -1, features]))
    return reshape(output, [x.shape[0] ?? 1, -1])
  })
}

describeLayer('rnn', {
  layer: () => overSequences(rnn(2, 3), 2),
  numInputs: 8,
  numOutputs: 3,
  states: { 'own.weight': [2, 3], 'own.stateWeight': [3, 3], 'own.bias': [3] },
})
describeLayer('gru', {
  layer: () => overSequences(gru(2, 3, { returns: 'sequence' }), 2),
  numInputs: 8,
  numOutputs: 12,
  states: { 'own.weight': [2, 9], 'own.stateWeight': [3, 9], 'own.bias': [9], 'own.stateBias': [3] },
})
describeLayer('lstm', {
  layer: () => overSequences(lstm(2, 3), 2),
  numInputs: 6,
  numOutputs: 3,
  states: { 'own.weight': [2, 12], 'own.stateWeight': [3, 12], 'own.bias': [12] },
})
describeLayer('layers one after another, the first in both directions', {
  layer: () => overSequences(sequential([bidirectional(rnn(2, 2, { returns: 'sequence' })), rnn(4, 3)]), 2),
  numInputs: 6,
  numOutputs: 3,
  states: {
    'own.0.forward.weight': [2, 2],
    'own.0.forward.stateWeight': [2, 2],
    'own.0.forward.bias': [2],
    'own.0.backward.weight': [2, 2],
    'own.0.backward.stateWeight': [2, 2],
    'own.0.backward.bias': [2],
    'own.1.weight': [4, 3],
    'own.1.stateWeight': [3, 3],
    'own.1.bias': [3],
  },
})

const [TIME, FEATURES, HIDDEN] = [4, 2, 3]

type OverLengths = (x: Tensor, options?: { readonly lengths?: Tensor }) => Tensor

/** What a layer makes of one sequence of random numbers that ends after `length` steps, and the gradient by it. */
function ofLength(make: (returns: 'last' | 'sequence') => Module<OverLengths>, length: number) {
  const program = traceProgram((trace) => {
    const bound = new Binding(trace, true).bind({ last: make('last'), sequence: make('sequence') })
    const x = trace.state('x', [1, TIME, FEATURES], zeros)
    const options = { lengths: trace.batch('lengths', 'i32', [1]) }
    trace.result('last', bound.last(x, options))
    const sequence = bound.sequence(x, options)
    trace.result('sequence', sequence)
    trace.result('gradient', grad(sum(sequence), [x])[0] ?? NaN)
  })
  const first = initialState(program, 1)
  const own = Object.entries(first).filter(([name]) => name.startsWith('sequence.'))
  const same = own.map(([name, values]) => [name.replace('sequence.', 'last.'), values] as const)
  const { results } = evaluate(program, {
    state: { ...Object.fromEntries([...own, ...same]), x: wave(TIME * FEATURES, 3) },
    batch: { lengths: [length] },
  })
  const listed = (name: string) => [...(results[name] ?? [])]
  return { last: listed('last'), sequence: listed('sequence'), gradient: listed('gradient') }
}

describe.each<[string, (returns: 'last' | 'sequence') => Module<OverLengths>]>([
  ['rnn', (returns) => rnn(FEATURES, HIDDEN, { returns })],
  ['gru', (returns) => gru(FEATURES, HIDDEN, { returns })],
  ['lstm', (returns) => lstm(FEATURES, HIDDEN, { returns })],
])('%s by lengths', (_, make) => {
  const whole = ofLength(make, TIME)

  test.each([0, 1, 2, TIME])('of %i steps: then zeros, the last state, and no gradient', (length) => {
    const { last, sequence, gradient } = ofLength(make, length)
    const count = HIDDEN * length
    expect(sequence.slice(0, count)).toEqual(whole.sequence.slice(0, count))
    expect(sequence.slice(count).every((x) => x === 0)).toBe(true)
    expect(last).toEqual(length === 0 ? [0, 0, 0] : sequence.slice(count - HIDDEN, count))
    gradient.forEach((value, i) => expect(value === 0).toBe(i >= FEATURES * length))
  })

  test('backward from the last step that counts', () => {
    const both = (returns: 'last' | 'sequence') => bidirectional<OverLengths>(make(returns))
    const { last, sequence } = ofLength(both, 2)
    const row = (step: number) => sequence.slice(2 * HIDDEN * step, 2 * HIDDEN * (step + 1))
    expect(last).toEqual([...row(1).slice(0, HIDDEN), ...row(0).slice(HIDDEN)])
    expect(row(1).some((x) => x !== 0)).toBe(true)
    expect([...row(2), ...row(3)].every((x) => x === 0)).toBe(true)
  })
})

test('a scan gives all states and the last, from which another goes on', () => {
  const layers = {
    rnn: { last: rnn(2, 3), sequence: rnn(2, 3, { returns: 'sequence' }) },
    gru: { last: gru(2, 3), sequence: gru(2, 3, { returns: 'sequence' }) },
  }
  const program = traceProgram((trace) => {
    const x = trace.batch('x', 'f32', [2, TIME, 2])
    const first = slice(x, [0, 0, 0], [-1, 1, -1])
    const rest = slice(x, [0, 1, 0], [-1, -1, -1])
    const bound = new Binding(trace, true).bind({ ...layers, lstm: lstm(2, 3) })
    for (const [name, { last, sequence }] of Object.entries({ rnn: bound.rnn, gru: bound.gru })) {
      for (const [returns, own] of Object.entries({ last, sequence })) {
        const { state, outputs } = own.scan(x)
        const initial = own.scan(first).state
        trace.result(`${name} ${returns} called`, own(x))
        trace.result(`${name} ${returns} scanned`, returns === 'last' ? state : outputs)
        trace.result(`${name} ${returns} in two`, own(rest, { initial }))
      }
    }
    trace.result('lstm', bound.lstm.scan(x).state.cell)
    trace.result('lstm in two', bound.lstm.scan(rest, { initial: bound.lstm.scan(first).state }).state.cell)
  })
  const { results } = evaluate(program, { state: initialState(program, 3), batch: { x: wave(2 * TIME * 2, 4) } })
  expect(results['lstm in two']).toEqual(results.lstm)
  for (const name of ['rnn', 'gru']) {
    expect(results[`${name} last scanned`]).toEqual(results[`${name} last called`])
    expect(results[`${name} last in two`]).toEqual(results[`${name} last called`])
    expect(results[`${name} sequence scanned`]).toEqual(results[`${name} sequence called`])
    expect(results[`${name} sequence in two`]).toHaveLength(2 * (TIME - 1) * 3)
  }
})

test.each([
  ['gru', bidirectional(gru(2, 3, { returns: 'sequence' }))],
  ['lstm', bidirectional(lstm(2, 3, { returns: 'sequence' }))],
])('%s: the gradients by all parameters and the input are central differences', (_, both) => {
  const program = traceProgram((trace) => {
    const binding = new Binding(trace, true)
    const layer = binding.bind(both)
    const x = trace.state('x', [3, TIME, 2], zeros)
    const states = layer(x, { lengths: trace.batch('lengths', 'i32', [3]) })
    const loss = mean(mul(states, trace.batch('weights', 'f32', states.shape)))
    trace.result('loss', loss)
    const by = [{ name: 'x', tensor: x }, ...binding.trainable]
    grad(
      loss,
      by.map(({ tensor }) => tensor),
    ).forEach((gradient, i) => trace.result(`by ${by[i]?.name ?? ''}`, gradient))
  })
  const batch = { lengths: [2, 4, 3], weights: wave(3 * TIME * 6, 9) }
  const first = Object.fromEntries(program.states.map(({ name, shape }, i) => [name, wave(sizeOf(shape), i)]))
  const run = (state: Readonly<Record<string, readonly number[]>>) => evaluate(program, { state, batch }).results
  const gradients = run(first)
  for (const [name, values] of Object.entries(first)) {
    const lossAt = (i: number, offset: number) =>
      run({ ...first, [name]: values.with(i, (values[i] ?? NaN) + offset) }).loss?.[0] ?? NaN
    values.forEach((_, i) => {
      const slope = (lossAt(i, 1e-5) - lossAt(i, -1e-5)) / 2e-5
      expect(gradients[`by ${name}`]?.[i]).toBeCloseTo(slope, 8)
    })
  }
})

describe('first weights', () => {
  test('each gate starts as a weight of its own, or as told', () => {
    const largest = (layer: Module<Layer>, name: string) => {
      const program = traceProgram((trace) => {
        trace.result('y', new Binding(trace, true).bind(layer)(trace.batch('x', 'f32', [1, 1, 40])))
      })
      return Math.max(...(initialState(program, 0)[name] ?? []).map(Math.abs))
    }
    // The largest of thousands of uniform numbers is short of the limit by less than a hundredth.
    expect(largest(gru(40, 60), 'weight') / Math.sqrt(6 / 100)).toBeCloseTo(1, 2)
    expect(largest(lstm(40, 60), 'stateWeight') / Math.sqrt(6 / 120)).toBeCloseTo(1, 2)
    expect(largest(lstm(40, 60), 'bias')).toBe(0)
    expect(largest(rnn(40, 6, { stateWeight: { kind: 'constant', value: 7 } }), 'stateWeight')).toBe(7)
  })
})

test('what is refused is told in one sentence', () => {
  const traced = (layer: Module<Layer>, shape: readonly number[]) => () =>
    traceProgram((trace) => {
      trace.result('y', new Binding(trace, true).bind(layer)(trace.batch('x', 'f32', shape)))
    })
  expect(() => gru(0, 2)).toThrow('gru: features must be a whole number of at least 1, not 0')
  expect(() => lstm(2, 1.5)).toThrow('lstm: hidden must be a whole number of at least 1, not 1.5')
  expect(traced(gru(3, 2), [5, 3])).toThrow(UserError)
  expect(traced(gru(3, 2), [5, 3])).toThrow('gru: x must be [batch, time, 3], not f32[5, 3]')
  expect(traced(rnn(3, 2), [5, 4, 2])).toThrow('rnn: x must be [batch, time, 3], not f32[5, 4, 2]')
})

test('what layers are bound to carries their parameters, by type too', () => {
  defineModel({
    params: { states: gru(2, 3), both: bidirectional(lstm(2, 3)) },
    step({ states, both }, { x }: Batch<'x'>) {
      expectTypeOf(states.stateBias).toEqualTypeOf<Tensor>()
      expectTypeOf(both.backward.weight).toEqualTypeOf<Tensor>()
      expectTypeOf(both).not.toHaveProperty('weight')
      return { loss: mean(states(x)) }
    },
  })
})
