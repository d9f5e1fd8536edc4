/** Gradients of checkpoints are those without, and compute again what they may not keep. */
import { expect, test } from 'vitest'
import {
  add,
  checkpoint,
  exp,
  grad,
  greaterEqual,
  matmul,
  mul,
  randomUniform,
  sum,
  tanh,
  type Tensor,
  zeros,
} from '../index.js'
import { evaluate, type Program, traceProgram } from '../engine/index.js'

type Function = (x: Tensor, weight: Tensor) => Tensor

/** The loss and the gradients of what a function of x and a weight makes, and the Program. */
function gradientsOf(build: Function) {
  const program = traceProgram((trace) => {
    const [x, weight] = [trace.state('x', [2, 3], zeros), trace.state('weight', [3, 3], zeros)]
    const loss = sum(build(x, weight))
    trace.result('loss', loss)
    grad(loss, [x, weight]).forEach((gradient, i) => trace.result(`by ${i}`, gradient))
  })
  const state = {
    x: Array.from({ length: 6 }, (_, i) => Math.sin(i + 1)),
    weight: Array.from({ length: 9 }, (_, i) => Math.cos(i + 1)),
  }
  return { program, results: evaluate(program, { state, seed: 3 }).results }
}

const count = ({ nodes }: Program, op: string) => nodes.filter((node) => node.op === op).length

/** Three layers, of which the first two are one checkpoint. */
function three(kept: (layers: Function) => Function): Function {
  const two = kept((x, weight) => tanh(matmul(exp(tanh(matmul(x, weight))), weight)))
  return (x, weight) => tanh(matmul(two(x, weight), weight))
}

test('of a checkpoint are the same, up to the order of sums', () => {
  const [plain, again] = [gradientsOf(three((layers) => layers)), gradientsOf(three(checkpoint))]
  expect(again.results.loss).toEqual(plain.results.loss)
  for (const name of ['by 0', 'by 1']) {
    again.results[name]?.forEach((value, i) => expect(value).toBeCloseTo(plain.results[name]?.[i] ?? NaN, 12))
  }
})

test('compute again what only the checkpoint reads, and keep what it returns', () => {
  const [plain, again] = [gradientsOf(three((layers) => layers)), gradientsOf(three(checkpoint))]
  expect(count(again.program, 'tanh') - count(plain.program, 'tanh')).toBe(1)
  expect(count(again.program, 'exp') - count(plain.program, 'exp')).toBe(1)
  // Three forward, by the first operand of each, and by the weight all in one; and one again.
  expect(count(plain.program, 'matmul')).toBe(3 + 3 + 1)
  expect(count(again.program, 'matmul')).toBe(3 + 3 + 1 + 1)
})

test('are the same of a checkpoint within another', () => {
  const nested = three((layers) => checkpoint((x, weight) => checkpoint(layers)(x, weight)))
  expect(gradientsOf(nested).program.hash).toBe(gradientsOf(three(checkpoint)).program.hash)
})

test('see the same random numbers once more', () => {
  const dropped = (x: Tensor): Tensor => mul(x, greaterEqual(randomUniform(x.shape, 'dropout'), 0.5))
  const build = (kept: (layers: Function) => Function): Function =>
    kept((x, weight) => tanh(dropped(tanh(matmul(x, weight)))))
  const [plain, again] = [gradientsOf(build((layers) => layers)), gradientsOf(build(checkpoint))]
  expect(count(again.program, 'random')).toBe(2)
  expect(again.results).toEqual(plain.results)
})

test('can be taken twice', () => {
  const second = (kept: (layers: Function) => Function): Function => {
    const cubed = kept((x) => mul(x, mul(x, tanh(x))))
    return (x, weight) => add(sum(grad(sum(cubed(x, weight)), [x])[0] ?? NaN), matmul(x, weight))
  }
  const [plain, again] = [gradientsOf(second((layers) => layers)), gradientsOf(second(checkpoint))]
  expect(again.program.nodes.length).toBeGreaterThan(plain.program.nodes.length)
  expect(again.results).toEqual(plain.results)
})
