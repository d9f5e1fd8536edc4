/** Recurrent layers, values and gradients, and a training, against PyTorch (tools/oracles/recurrent_torch.json). */
import { readFileSync } from 'node:fs'
import {
  adam,
  add,
  type Batch,
  concat,
  defineModel,
  grad,
  module,
  type Module,
  mul,
  type ScanOptions,
  sum,
  type Tensor,
  zeros,
} from '@gradpool/core'
import { Binding, evaluate, traceProgram, train } from '@gradpool/core/engine'
import { expect, test } from 'vitest'
import { bidirectional, crossEntropy, dense, gru, lstm, type Recurrent, rnn } from '../index.js'

interface Numbers {
  readonly shape: readonly number[]
  readonly values: readonly number[]
}

type Named<T> = Readonly<Record<string, T>>

interface Oracle {
  readonly cases: readonly {
    readonly name: string
    readonly kind: 'rnn' | 'gru' | 'lstm'
    readonly activation: 'tanh' | 'relu'
    readonly bidirectional: boolean
    readonly x: Numbers
    readonly lengths?: readonly number[]
    readonly params: Named<Numbers>
    readonly initial: Named<Numbers>
    readonly sequenceWeights: Numbers
    readonly lastWeights: Numbers
    readonly sequence: readonly number[]
    readonly last: readonly number[]
    /** Of an lstm. */
    readonly cell?: readonly number[]
    readonly cellWeights?: Numbers
    readonly gradients: Named<readonly number[]>
  }[]
  readonly training: {
    readonly lr: number
    readonly beta1: number
    readonly beta2: number
    readonly eps: number
    readonly x: Numbers
    readonly labels: readonly number[]
    readonly lengths: readonly number[]
    readonly firstWeights: Named<Numbers>
    readonly losses: readonly number[]
    readonly weights: Named<readonly number[]>
  }
}

const oracleFile = new URL('../../../../tools/oracles/recurrent_torch.json', import.meta.url)
const oracle = JSON.parse(readFileSync(oracleFile, 'utf8')) as Oracle

function valuesOf(named: Named<Numbers>): Named<readonly number[]> {
  return Object.fromEntries(Object.entries(named).map(([name, { values }]) => [name, values]))
}

function expectClose(actual: ArrayLike<number> | undefined, expected: readonly number[], digits = 8) {
  expect(actual).toHaveLength(expected.length)
  expected.forEach((value, i) => expect(actual?.[i]).toBeCloseTo(value, digits))
}

type Run = (x: Tensor, lengths: Tensor | undefined, initial: Named<Tensor>) => Tensor

/** The layer of a case, under `own`. */
function layerOf(given: Oracle['cases'][number], returns: 'last' | 'sequence'): Module<Run> {
  const features = given.x.shape[2] ?? 0
  const hidden = (given.lastWeights.shape[1] ?? 0) / (given.bidirectional ? 2 : 1)
  const { activation } = given
  const options = { returns, activation }
  if (given.kind === 'lstm' && !given.bidirectional) {
    return module({ own: lstm(features, hidden, options) }, ({ own }) => (x, lengths, { hidden, cell }) => {
      return own(x, { ...(lengths && { lengths }), ...(hidden && cell && { initial: { hidden, cell } }) })
    })
  }
  if (given.bidirectional) {
    const both: Readonly<Record<typeof given.kind, () => Module<(x: Tensor, options?: ScanOptions) => Tensor>>> = {
      rnn: () => bidirectional(rnn(features, hidden, options)),
      gru: () => bidirectional(gru(features, hidden, options)),
      lstm: () => bidirectional(lstm(features, hidden, options)),
    }
    return module(
      { own: both[given.kind]() },
      ({ own }) =>
        (x, lengths) =>
          own(x, lengths && { lengths }),
    )
  }
  const one: Module<Recurrent> = given.kind === 'gru' ? gru(features, hidden, options) : rnn(features, hidden, options)
  return module({ own: one }, ({ own }) => (x, lengths, { hidden }) => {
    return own(x, { ...(lengths && { lengths }), ...(hidden && { initial: hidden }) })
  })
}

/** The last cells of an lstm, under `own`. */
function cellsOf(given: Oracle['cases'][number]): Module<Run> {
  const [features = 0, hidden = 0] = [
    given.x.shape[2],
    given.params[given.bidirectional ? 'forward.stateWeight' : 'stateWeight']?.shape[0],
  ]
  if (given.bidirectional) {
    return module({ own: bidirectional(lstm(features, hidden)) }, ({ own }) => (x, lengths) => {
      const options = lengths && { lengths }
      const [forward, backward] = [own.forward.scan(x, options), own.backward.scan(x, { ...options, reverse: true })]
      return concat([forward.state.cell, backward.state.cell], -1)
    })
  }
  return module({ own: lstm(features, hidden) }, ({ own }) => (x, lengths, { hidden, cell }) => {
    const options = { ...(lengths && { lengths }), ...(hidden && cell && { initial: { hidden, cell } }) }
    return own.scan(x, options).state.cell
  })
}

test.each(oracle.cases)('$name: states and gradients are PyTorch’s', (given) => {
  const { x, lengths, initial, params, sequenceWeights, lastWeights, cellWeights, gradients } = given
  const weights = { sequence: sequenceWeights, last: lastWeights, ...(cellWeights && { cell: cellWeights }) }
  const program = traceProgram((trace) => {
    const binding = new Binding(trace, true)
    const layers = {
      sequence: layerOf(given, 'sequence'),
      last: layerOf(given, 'last'),
      ...(cellWeights && { cell: cellsOf(given) }),
    }
    const bound = Object.entries(binding.bind(layers))
    const states = Object.entries({ x, ...initial }).map(([name, { shape }]) => {
      return { name, tensor: trace.state(name, shape, zeros) }
    })
    const { x: input, ...first } = Object.fromEntries(states.map(({ name, tensor }) => [name, tensor]))
    if (!input) throw new Error('a case has an input')
    const counts = lengths && trace.batch('lengths', 'i32', [lengths.length])
    const weighted = bound.map(([name, run]) => {
      const made = run(input, counts, first)
      trace.result(name, made)
      return sum(mul(made, trace.batch(`weights of ${name}`, 'f32', made.shape)))
    })
    const by = [...states, ...binding.trainable]
    grad(
      weighted.reduce((a, b) => add(a, b)),
      by.map(({ tensor }) => tensor),
    ).forEach((gradient, i) => trace.result(`by ${by[i]?.name ?? ''}`, gradient))
  })
  const values = Object.entries(valuesOf(params))
  const { results } = evaluate(program, {
    state: {
      ...valuesOf({ x, ...initial }),
      ...Object.fromEntries(
        Object.keys(weights).flatMap((name) => values.map(([key, numbers]) => [`${name}.own.${key}`, numbers])),
      ),
    },
    batch: {
      ...Object.fromEntries(Object.entries(weights).map(([name, { values }]) => [`weights of ${name}`, values])),
      ...(lengths && { lengths }),
    },
  })
  expectClose(results.sequence, given.sequence)
  expectClose(results.last, given.last)
  if (given.cell) expectClose(results.cell, given.cell)
  for (const [name, expected] of Object.entries(gradients)) {
    const parts = Object.keys(weights).map((layer) => results[`by ${layer}.own.${name}`])
    const total = expected.map((_, i) => parts.reduce((sum, part) => sum + (part?.[i] ?? NaN), 0))
    expectClose(results[`by ${name}`] ?? total, expected)
  }
})

test.each([1, 5])('ten steps of Adam on two layers, by lengths, are PyTorch’s, of %i micro-batches', (microBatches) => {
  const { lr, beta1, beta2, eps, x, labels, lengths, firstWeights, losses, weights } = oracle.training
  const [count = 0, ...shape] = x.shape
  const model = defineModel({
    params: { first: gru(3, 4, { returns: 'sequence' }), second: lstm(4, 2), output: dense(2, 3) },
    step({ first, second, output }, { x, label, lengths }: Batch<'x' | 'label' | 'lengths'>) {
      return { loss: crossEntropy(output(second(first(x, { lengths }), { lengths })), label) }
    },
  })
  const fields = {
    x: { dtype: 'f32', shape },
    label: { dtype: 'u8', shape: [] },
    lengths: { dtype: 'u8', shape: [] },
  } as const
  const optimizer = adam({ learningRate: lr, beta1, beta2, epsilon: eps })
  const { program } = train(model, { optimizer, batchSize: count, microBatches, data: { fields, numExamples: count } })
  let state: Named<ArrayLike<number>> = valuesOf(firstWeights)
  losses.forEach((loss, step) => {
    const next = evaluate(program, { state, batch: { x: x.values, label: labels, lengths }, step })
    expect(next.results.loss?.[0]).toBeCloseTo(loss, 7)
    state = next.state
  })
  for (const [name, expected] of Object.entries(weights)) expectClose(state[name], expected, 6)
})
