/**
 * The smoke test: if this fails, look here first. It fits a line, two parameters, with the reference evaluator.
 */
import { expect, test } from 'vitest'
import { add, grad, mean, mul, square, sub } from './index.js'
import { evaluate, type Evaluation, traceProgram } from './engine/index.js'

const learningRate = 0.1
const start = { kind: 'constant', value: 0 } as const

const program = traceProgram((trace) => {
  const slope = trace.state('slope', [], start)
  const intercept = trace.state('intercept', [], start)
  const x = trace.batch('x', 'f32', [5])
  const y = trace.batch('y', 'f32', [5])

  const prediction = add(mul(slope, x), intercept) // [batch]
  const loss = mean(square(sub(prediction, y)))
  const [slopeGradient = 0, interceptGradient = 0] = grad(loss, [slope, intercept])

  trace.update('slope', sub(slope, mul(learningRate, slopeGradient)))
  trace.update('intercept', sub(intercept, mul(learningRate, interceptGradient)))
  trace.result('loss', loss)
})

test('gradient descent finds the line y = 3x - 1', () => {
  const x = [-1, -0.5, 0, 0.5, 1]
  const batch = { x, y: x.map((value) => 3 * value - 1) }
  let last: Evaluation = evaluate(program, { batch })
  const losses: number[] = []
  for (let step = 1; step <= 300; step++) {
    last = evaluate(program, { batch, state: last.state, step })
    losses.push(last.results.loss?.[0] ?? NaN)
  }
  expect(last.state.slope?.[0]).toBeCloseTo(3, 6)
  expect(last.state.intercept?.[0]).toBeCloseTo(-1, 6)
  expect(losses.at(-1)).toBeLessThan(1e-12)
  expect(losses).toEqual(losses.toSorted((a, b) => b - a))
})
