/**
 * The comparison of each op is one that can fail: an engine that computes an op wrongly does not pass all cases of it.
 */
import { grad, square, sum } from '@gradpool/core'
import { mapNodes, OPS, traceProgram, type Engine, type Node, type OpName, type Trace } from '@gradpool/core/engine'
import { describe, expect, test } from 'vitest'
import { expectSameStep } from './compare.js'
import { data, fieldsOf, OP_CASES } from './programs.js'
import { referenceEngine } from './reference-engine.js'

type Mutation = (node: Node, add: (node: Node) => number) => Node

const constant = (like: Node, value: number): Node => {
  return { op: 'constant', inputs: [], attributes: { values: value }, shape: like.shape, dtype: like.dtype }
}

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'gives zeros': (node) => constant(node, 0),
  'is a thousandth too large': (node, add) => {
    if (node.dtype !== 'f32') return constant(node, 1)
    const inputs = [add(node), add(constant(node, 1.001))]
    return { op: 'mul', inputs, attributes: {}, shape: node.shape, dtype: 'f32' }
  },
}

/** The reference, but for one op. */
function mutant(engine: Engine, op: OpName, mutate: Mutation): Engine {
  return new Proxy(engine, {
    get(target, name) {
      if (name === 'compile') {
        const compile: Engine['compile'] = (program, options) => {
          const mutated = mapNodes(program.program, (node, _, add) => (node.op === op ? mutate(node, add) : node))
          return target.compile({ ...program, program: mutated }, options)
        }
        return compile
      }
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

/** What the suite traces for a case: the op, and its gradients where it has any. */
const BUILDS = Object.values(OP_CASES).flatMap((build) => {
  const value = (trace: Trace): void => trace.result('value', build(fieldsOf(trace)))
  const gradients = (trace: Trace): void => {
    const fields = fieldsOf(trace)
    const { x, y, z } = fields
    const made = build(fields)
    if (made.dtype !== 'f32') return
    grad(sum(square(made)), [x, y, z]).forEach((gradient, i) => trace.result(`gradient ${i}`, gradient))
  }
  return [value, gradients].map((each) => ({ build: each, program: traceProgram(each) }))
})

/** Inputs are no computation, and `stopGradient` differs from none by its gradient alone, which is traced. */
const ops = Object.keys(OPS).filter((op): op is OpName => op in OPS && op !== 'input')

describe.each(Object.entries(MUTATIONS))('an op that %s', (_, mutate) => {
  test.each(ops)('%s', async (op) => {
    const engine = mutant(await referenceEngine(), op, mutate)
    const cases = BUILDS.filter(({ program }) => program.nodes.some((node) => node.op === op))
    const failures: unknown[] = []
    for (const { build } of cases) {
      await expectSameStep(engine, data, build).catch((error: unknown) => failures.push(error))
      if (failures.length > 0) break
    }
    expect(failures).toHaveLength(1)
  })
})
