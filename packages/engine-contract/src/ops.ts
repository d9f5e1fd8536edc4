/** Every op, forward and gradient, against the reference evaluator. */
import {
  div,
  grad,
  log,
  logSoftmax,
  maxPool,
  mean,
  mul,
  neg,
  oneHot,
  relu,
  reshape,
  select,
  square,
  sub,
  sum,
} from '@gradpool/core'
import { traceProgram, type Engine } from '@gradpool/core/engine'
import { describe, expect, test } from 'vitest'
import { expectSameStep, splitOf, wholeBatch } from './compare.js'
import { data, fieldsOf, OP_CASES } from './programs.js'

export function describeOps(engineOf: () => Engine): void {
  describe('each op', () => {
    test.each(Object.entries(OP_CASES))('%s', async (_, build) => {
      await expectSameStep(engineOf(), data, (trace) => {
        trace.result('value', build(fieldsOf(trace)))
      })
    })
  })

  describe('the gradient of each op', () => {
    test.each(Object.entries(OP_CASES))('%s', async (_, build) => {
      await expectSameStep(engineOf(), data, (trace) => {
        const fields = fieldsOf(trace)
        const value = build(fields)
        if (value.dtype !== 'f32') return
        const loss = sum(square(value))
        const { x, y, z } = fields
        const gradients = grad(loss, [x, y, z])
        gradients.forEach((gradient, index) => trace.result(`gradient ${index}`, gradient))
      })
    })
  })

  test('NaN and infinities go through as the table says', async () => {
    const values = Float32Array.of(NaN, -NaN, Infinity, -Infinity, 0, -0, 1e-40, 3e38, -2, 7)
    const split = splitOf({ x: { dtype: 'f32', shape: [10], values } }, 1)
    const program = traceProgram((trace) => {
      const x = trace.batch('x', 'f32', [1, 10])
      trace.result('relu', relu(x))
      trace.result('product', mul(x, 2))
      trace.result('difference', sub(x, x))
      trace.result('log', log(x))
      trace.result('largest', maxPool(reshape(x, [1, 10, 1]), 2))
      trace.result('padded', maxPool(reshape(neg(x), [1, 5, 2]), 2, { padding: 1 }))
    })
    const execution = await engineOf().compile(wholeBatch(program, 1), { data: split, seed: 0 })
    const { means } = await execution.run({ steps: 1 })
    execution.dispose()
    const kinds = (result: string) => [...(means[result] ?? [])].map(kindOf).join(' ')
    expect(kinds('relu')).toBe('NaN NaN ∞ 0 0 0 0 + 0 +')
    expect(kinds('product')).toBe('NaN NaN ∞ -∞ 0 0 0 ∞ - +')
    expect(kinds('difference')).toBe('NaN NaN NaN NaN 0 0 0 0 0 0')
    expect(kinds('largest')).toBe('NaN ∞ 0 + +')
    expect(kinds('padded')).toBe('NaN NaN 0 ∞ + -')
    expect(kinds('log').slice(0, 18)).toBe('NaN NaN ∞ NaN -∞ -')
  })

  test('a class outside is 0 / 0 where it is divided by, and a logit of -∞ of another class costs nothing', async () => {
    const loss = async (label: number) => {
      const logits = { dtype: 'f32' as const, shape: [3], values: Float32Array.of(1, -Infinity, 1, 0, 0, 0) }
      const labels = { dtype: 'i32' as const, shape: [], values: Int32Array.of(2, label) }
      const split = splitOf({ logits, labels }, 2)
      const program = traceProgram((trace) => {
        const target = oneHot(trace.batch('labels', 'i32', [2]), 3)
        const own = sum(select(target, mul(target, logSoftmax(trace.batch('logits', 'f32', [2, 3]))), 0), -1)
        trace.result('loss', neg(mean(div(own, sum(target, -1)))))
      })
      const execution = await engineOf().compile(wholeBatch(program, 2), { data: split, seed: 0 })
      const { status, means } = await execution.run({ steps: 1 })
      execution.dispose()
      return status === 'done' ? means.loss?.[0] : status
    }
    expect(await loss(1)).toBeCloseTo((Math.log(2) + Math.log(3)) / 2, 6)
    expect(await loss(3)).toBe('notFinite')
    expect(await loss(-1)).toBe('notFinite')
  })
}

/** Denormal numbers count as 0, which engines may flush. */
function kindOf(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (Math.abs(value) < 2 ** -126) return '0'
  const sign = value < 0 ? '-' : ''
  if (!Number.isFinite(value)) return `${sign}∞`
  return sign === '' ? '+' : '-'
}
