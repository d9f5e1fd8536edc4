/**
 * Programs made from Programs.
 */
import { describe, expect, test } from 'vitest'
import { exp, mul, sub, sum } from '../index.js'
import { evaluate, traceProgram, type Trace } from '../engine/index.js'
import { mapNodes, prune, renameStates, substitute } from './rewrite.js'

const two = { kind: 'constant', value: 2 } as const

function build(trace: Trace): void {
  const x = trace.batch('x', 'f32', [3])
  const weight = trace.state('weight', [3], two)
  trace.state('unread', [2], two)
  const product = mul(x, weight)
  trace.result('rows', exp(product), { rows: true })
  trace.result('loss', sum(product))
  trace.update('weight', sub(weight, product))
}

const program = traceProgram(build)
const batch = { x: [1, 2, 3] }

describe('mapNodes', () => {
  test('gives the same Program where every node stays what it is', () => {
    expect(mapNodes(program, (node) => node).toJSON()).toEqual(program.toJSON())
  })

  test('puts added nodes before the one that reads them, and moves what comes after', () => {
    const doubled = mapNodes(program, (node, _index, add) => {
      if (node.op !== 'exp') return node
      const [operand = -1] = node.inputs
      const twice = add({ ...node, op: 'add', inputs: [operand, operand] })
      return { ...node, inputs: [twice] }
    })
    expect(doubled.nodes).toHaveLength(program.nodes.length + 1)
    expect(doubled.results.map(({ rows }) => rows)).toEqual([true, undefined])
    const { results, state } = evaluate(doubled, { batch })
    const whole = evaluate(program, { batch })
    expect(results.rows).toEqual(Float64Array.of(Math.exp(4), Math.exp(8), Math.exp(12)))
    expect(results.loss).toEqual(whole.results.loss)
    expect(state).toEqual(whole.state)
  })
})

describe('prune', () => {
  const results = program.results.filter(({ name }) => name === 'loss')

  test('drops the nodes that no output needs', () => {
    const pruned = prune({ ...program.toJSON(), updates: [], results }, { keepStates: true })
    expect(pruned.nodes.map(({ op }) => op)).toEqual(['input', 'input', 'input', 'mul', 'sum'])
    expect(evaluate(pruned, { batch }).results).toEqual({ loss: Float64Array.of(12) })
  })

  test('drops states that nothing reads or updates where it may', () => {
    const states = (keepStates: boolean) =>
      prune({ ...program.toJSON(), results: [] }, { keepStates }).states.map(({ name }) => name)
    expect(states(true)).toEqual(['weight', 'unread'])
    expect(states(false)).toEqual(['weight'])
    const onlyUpdated = traceProgram((trace) => {
      trace.state('counter', [], two)
      trace.update('counter', 1)
    })
    expect(prune(onlyUpdated, { keepStates: false }).toJSON()).toEqual(onlyUpdated.toJSON())
  })
})

test('substitute makes states of nodes, whose values then come from outside', () => {
  const node = program.nodes.findIndex(({ op }) => op === 'mul')
  const state = { name: 'product', node, shape: [3], initializer: two }
  const cut = substitute(program, [state])
  expect(cut.states.map(({ name }) => name)).toEqual(['weight', 'unread', 'product'])
  const { results } = evaluate(cut, { batch, state: { product: [0, 1, 0] } })
  expect(results.rows).toEqual(Float64Array.of(1, Math.E, 1))
})

test('renameStates renames a state and its update, and leaves results alone', () => {
  const renamed = renameStates(program, (name) => `own/${name}`)
  expect(renamed.states.map(({ name }) => name)).toEqual(['own/weight', 'own/unread'])
  expect(renamed.updates.map(({ name }) => name)).toEqual(['own/weight'])
  expect(renamed.results).toEqual(program.results)
  expect(renamed.nodes).toEqual(program.nodes)
})
