/** Ops, values and gradients, against JAX (tools/oracles/ops_jax.json). */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import * as core from '../index.js'
import { evaluate, traceProgram } from '../engine/index.js'

interface Numbers {
  readonly shape: readonly number[]
  readonly values: readonly number[]
}

interface Oracle {
  readonly cases: readonly {
    readonly name: string
    readonly operands: readonly Numbers[]
    readonly shape: readonly number[]
    readonly values: readonly number[]
    readonly weights: readonly number[]
    readonly gradients: readonly (readonly number[])[]
  }[]
  readonly places: {
    readonly ties: Numbers
    readonly ascending: readonly number[]
    readonly largest: readonly number[]
  }
}

const oracleFile = new URL('../../../../tools/oracles/ops_jax.json', import.meta.url)
const oracle = JSON.parse(readFileSync(oracleFile, 'utf8')) as Oracle

type Build = (x: core.Tensor, y: core.Tensor, z: core.Tensor) => core.Tensor

const padded = (options: core.PadOptions): Build => {
  return (x) => core.pad(x, [2, 3], [7, 10], options)
}

const ours: Readonly<Record<string, Build>> = {
  sin: (x) => core.sin(x),
  cos: (x) => core.cos(x),
  erf: (x) => core.erf(x),
  pow: (x, y) => core.pow(x, y),
  logSumExp: (x) => core.logSumExp(x, 1),
  cumsum: (x) => core.cumsum(x, 1),
  'cumsum, reversed': (x) => core.cumsum(x, 0, { reverse: true }),
  'sort of equals': (x) => core.sort(x),
  'sort along the middle': (x) => core.sort(x, { axis: 1 }),
  'topK of equals': (x) => core.topK(x, 3).values,
  flip: (x) => core.flip(x, [0, 2]),
  'pad, reflected': padded({ mode: 'reflect' }),
  'pad with the edge': padded({ mode: 'edge' }),
  'pad with a value': padded({ value: 1.5 }),
  'resize to the nearest': (x) => core.resize(x, [5, 3]),
  'resize, bilinear, larger': (x) => core.resize(x, [7, 9], { mode: 'bilinear' }),
  'resize, bilinear, smaller': (x) => core.resize(x, [2, 3], { mode: 'bilinear' }),
  'gather along the middle': (x) => core.gather(x, core.constant(Int32Array.of(2, 0, 1, 1, 1, 0), [2, 3]), { axis: 1 }),
  'matmul of stacks': (x, y) => core.matmul(x, y),
  'matmul of stacks that broadcast': (x, y) => core.matmul(x, y),
}

function einsumOf(notation: string, count: number): Build {
  return (...tensors) => core.einsum(notation, ...tensors.slice(0, count))
}

function expectClose(actual: ArrayLike<number> | undefined, expected: readonly number[]) {
  expect(actual).toHaveLength(expected.length)
  expected.forEach((value, i) => expect(actual?.[i]).toBeCloseTo(value, 6))
}

test.each(oracle.cases)('$name has JAX’s values and gradients', ({ name, operands, shape, weights, ...expected }) => {
  const build = name.startsWith('einsum ') ? einsumOf(name.slice('einsum '.length), operands.length) : ours[name]
  if (!build) throw new Error(`no op for the case ${name}`)
  const program = traceProgram((trace) => {
    const tensors = operands.map((operand, i) => trace.state(`x${i}`, operand.shape, core.zeros))
    const [x = core.constant(0), y = x, z = x] = tensors
    const value = build(x, y, z)
    expect(value.shape).toEqual(shape)
    trace.result('value', value)
    const loss = core.sum(core.mul(value, trace.batch('weights', 'f32', shape)))
    core.grad(loss, tensors).forEach((gradient, i) => trace.result(`by ${i}`, gradient))
  })
  const state = Object.fromEntries(operands.map(({ values }, i) => [`x${i}`, values]))
  const { results } = evaluate(program, { state, batch: { weights } })
  expectClose(results.value, expected.values)
  expected.gradients.forEach((gradient, i) => expectClose(results[`by ${i}`], gradient))
})

test('equals have JAX’s places', () => {
  const { ties, ascending, largest } = oracle.places
  const { order, first } = core.eager(() => {
    const x = core.constant([...ties.values], ties.shape)
    return { order: core.argSort(x), first: core.topK(x, 3).indices }
  })
  expect([...order.values]).toEqual(ascending)
  expect([...first.values]).toEqual(largest)
})
