/**
 * The comparison of each op is one that can fail: an engine that computes an op wrongly does not pass all cases of it.
 */
import { grad, square, sum } from '@gradpool/core'
import { OPS, traceProgram, type OpName, type Trace } from '@gradpool/core/engine'
import { describe, expect, test } from 'vitest'
import { expectSameStep } from './compare.js'
import { data, fieldsOf, OP_CASES } from './programs.js'
import { referenceEngine } from './reference-engine.js'
import { MUTATIONS, mutant } from './testing/mutant.js'

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
