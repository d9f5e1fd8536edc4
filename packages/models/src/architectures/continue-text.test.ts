/** The transformer that learns a text: its network, and what it refuses. */
import { readFileSync } from 'node:fs'
import { adam, summary, UserError } from '@gradpool/core'
import { evaluate, evaluation, initialState, prediction, train } from '@gradpool/core/engine'
import { expect, test } from 'vitest'
import { continueText } from '../index.js'

interface Oracle {
  readonly small: {
    readonly weights: Readonly<Record<string, readonly number[]>>
    readonly text: readonly number[]
    readonly next: readonly number[]
    readonly loss: number
  }
}

const oracleFile = new URL('../../../../tools/oracles/text_torch.json', import.meta.url)
const oracle = JSON.parse(readFileSync(oracleFile, 'utf8')) as Oracle

const field = { dtype: 'i32', shape: [5] } as const
const data = { fields: { text: field, next: field }, numExamples: 2, classes: 7 }
const model = continueText({ width: 8, heads: 2, blocks: 2 })

test('has the parameters of GPT-2', () => {
  const { program } = train(model, { optimizer: adam(), batchSize: 2, data })
  const shapes = new Map(program.states.map(({ name, shape }) => [name, shape]))
  expect(shapes.get('tokens.weight')).toEqual([7, 8])
  expect(shapes.get('positions.weight')).toEqual([5, 8])
  expect(shapes.get('blocks.1.attention.query.weight')).toEqual([8, 8])
  expect(shapes.get('blocks.1.up.weight')).toEqual([8, 32])
  expect(shapes.get('output.weight')).toEqual([8, 7])
  const own = [...shapes].filter(([name]) => !name.startsWith('optimizer/'))
  // Tables, blocks of 12 w² + 13 w, the last norm and the output.
  const size = own.reduce((sum, [, shape]) => sum + shape.reduce((product, extent) => product * extent, 1), 0)
  expect(size).toBe(7 * 8 + 5 * 8 + 2 * (12 * 64 + 13 * 8) + 16 + 8 * 7 + 7)
  expect(String(summary(model, data))).toContain('positions')
})

test('has the loss of PyTorch’s', () => {
  const { weights, text, next, loss } = oracle.small
  const { program } = evaluation(model, { batchSize: 2, data })
  expect(Object.keys(weights).sort()).toEqual(program.states.map(({ name }) => name).sort())
  expect(evaluate(program, { state: weights, batch: { text, next } }).results.loss?.[0]).toBeCloseTo(loss, 6)
})

test('sees what comes before alone, and begins as if all tokens were equally likely', () => {
  const batched = prediction(model, { batchSize: 2, data })
  const state = initialState(batched.program, 1)
  const text = [1, 2, 3, 4, 5, 1, 2, 3, 6, 0]
  const { results } = evaluate(batched.program, { state, batch: { text } })
  const [first, second] = [0, 35].map((from) => Array.from(results.probabilities ?? []).slice(from, from + 35))
  expect(first?.slice(0, 21)).toEqual(second?.slice(0, 21))
  expect(first?.slice(21)).not.toEqual(second?.slice(21))
  const judged = evaluation(model, { batchSize: 2, data })
  const { loss, bits } = evaluate(judged.program, { state, batch: { text, next: text } }).results
  expect(bits?.[0]).toBeCloseTo(Math.log2(7), 1)
  expect(loss?.[0]).toBeCloseTo((bits?.[0] ?? 0) * Math.LN2, 5)
})

test('of lines, leaves out what is after them', () => {
  const lines = { ...data, fields: { ...data.fields, length: { dtype: 'i32', shape: [] } } } as const
  const batched = evaluation(model, { batchSize: 2, data: lines })
  const predicted = prediction(model, { batchSize: 2, data: lines })
  const state = initialState(batched.program, 1)
  const next = [2, 3, -1, -1, -1, 4, 5, 6, 0, 1]
  const of = (padding: number) => {
    const batch = { text: [1, 2, padding, padding, padding, 3, 4, 5, 6, 0], next }
    const { results } = evaluate(batched.program, { state, batch })
    const { probabilities = [] } = evaluate(predicted.program, { state, batch }).results
    return { loss: results.loss?.[0] ?? NaN, probabilities }
  }
  const { loss, probabilities } = of(0)
  const costs = next.flatMap((token, at) => (token < 0 ? [] : [-Math.log(probabilities[7 * at + token] ?? NaN)]))
  expect(costs).toHaveLength(7)
  expect(loss).toBeCloseTo(costs.reduce((a, b) => a + b) / 7, 5)
  expect(of(5).loss).toBe(loss)
})

test.each([
  [() => continueText({ width: 10, heads: 4, blocks: 1 }), /a width of 10 does not divide into 4 heads/],
  [() => continueText({ width: 8, heads: 4, blocks: 0 }), /blocks must be a whole number of at least 1, not 0/],
  [() => model.forData({ fields: { text: field, next: field } }), /needs `classes`, the number of tokens/],
  [() => model.forData({ fields: { text: field }, classes: 7 }), /needs the field 'next'/],
])('%s is refused', (make, message) => {
  expect(make).toThrow(UserError)
  expect(make).toThrow(message)
})
