/** Activations, norms and the embedding, values and gradients, against JAX (tools/oracles/layers_jax.json). */
import { readFileSync } from 'node:fs'
import { grad, matmul, type Module, mul, reshape, sum, tanh, type Tensor, zeros } from '@gradpool/core'
import { Binding, evaluate, traceProgram } from '@gradpool/core/engine'
import { describe, expect, test } from 'vitest'
import {
  activationFunction,
  type ActivationName,
  batchNorm,
  embedding,
  groupNorm,
  type Layer,
  layerNorm,
  rmsNorm,
} from '../index.js'
import { compute, gradients } from '../testing/compute.js'

interface Numbers {
  readonly shape: readonly number[]
  readonly values: readonly number[]
}

interface Oracle {
  readonly points: readonly number[]
  readonly activations: readonly {
    readonly name: ActivationName
    readonly values: readonly number[]
    readonly gradients: readonly number[]
  }[]
  readonly epsilon: number
  readonly norms: readonly {
    readonly name: string
    readonly x: Numbers
    readonly weights: Numbers
    readonly params: Readonly<Record<string, Numbers>>
    readonly output: readonly number[]
    readonly gradients: Readonly<Record<string, readonly number[]>>
  }[]
  readonly embedding: {
    readonly indices: Numbers
    readonly weight: Numbers
    readonly weights: Numbers
    readonly rows: readonly number[]
    readonly logits: readonly number[]
    readonly gradient: readonly number[]
  }
}

const oracleFile = new URL('../../../../tools/oracles/layers_jax.json', import.meta.url)
const oracle = JSON.parse(readFileSync(oracleFile, 'utf8')) as Oracle

function expectClose(actual: ArrayLike<number> | undefined, expected: readonly number[]) {
  expect(actual).toHaveLength(expected.length)
  expected.forEach((value, i) => expect(actual?.[i]).toBeCloseTo(value, 6))
}

describe.each(oracle.activations)('$name', ({ name, values, gradients: slopes }) => {
  const x = { shape: [oracle.points.length], values: oracle.points }
  const apply = activationFunction(name)

  test('has JAX’s values from -100 to 100', () => {
    expectClose(
      compute([x], (x) => apply(x)),
      values,
    )
  })

  test('has JAX’s gradients from -100 to 100, at corners too', () => {
    expectClose(gradients([x], (x) => apply(x))[0], slopes)
  })

  test('keeps NaN', () => {
    expect(compute([{ shape: [1], values: [NaN] }], (x) => apply(x))).toEqual([NaN])
  })
})

const { epsilon } = oracle
const norms: Readonly<Record<string, Module<Layer>>> = {
  'batchNorm of rows': batchNorm(4, { epsilon }),
  'batchNorm of images': batchNorm(5, { epsilon }),
  'layerNorm of rows': layerNorm(7, { epsilon }),
  'layerNorm of sequences': layerNorm(5, { epsilon }),
  'groupNorm of 2 groups': groupNorm(2, 6, { epsilon }),
  'groupNorm of 1 group': groupNorm(1, 4, { epsilon }),
  'groupNorm of 4 groups': groupNorm(4, 4, { epsilon }),
  'groupNorm of rows': groupNorm(2, 6, { epsilon }),
  'rmsNorm of rows': rmsNorm(7, { epsilon }),
  'rmsNorm of sequences': rmsNorm(5, { epsilon }),
}

test.each(oracle.norms)('$name: output and gradients are JAX’s', ({ name, x, weights, params, ...expected }) => {
  const norm = norms[name]
  if (!norm) throw new Error(`no layer for the case ${name}`)
  const program = traceProgram((trace) => {
    const binding = new Binding(trace, true)
    const bound = binding.bind(norm)
    const input = trace.state('x', x.shape, zeros)
    const output = bound(input)
    trace.result('output', output)
    const by = [{ name: 'x', tensor: input }, ...binding.trainable]
    const loss = sum(mul(output, trace.batch('weights', 'f32', weights.shape)))
    grad(
      loss,
      by.map(({ tensor }) => tensor),
    ).forEach((gradient, i) => trace.result(`by ${by[i]?.name ?? ''}`, gradient))
  })
  const values = Object.entries({ ...params, x }).map(([name, { values }]) => [name, values] as const)
  const { results } = evaluate(program, { state: Object.fromEntries(values), batch: { weights: weights.values } })
  expectClose(results.output, expected.output)
  expect(Object.keys(expected.gradients).sort()).toEqual(values.map(([name]) => name).sort())
  for (const [name, gradient] of Object.entries(expected.gradients)) expectClose(results[`by ${name}`], gradient)
})

test('embedding: rows, logits by the same table, and its gradient are JAX’s', () => {
  const { indices, weight, weights, ...expected } = oracle.embedding
  const [count = 0, width = 0] = weight.shape
  const program = traceProgram((trace) => {
    const words = new Binding(trace, true).bind(embedding(count, width))
    const rows = words(trace.batch('indices', 'i32', indices.shape))
    expect(rows.shape).toEqual([...indices.shape, width])
    const tied = (x: Tensor) => matmul(reshape(x, [-1, width]), words.weight, { transposeB: true })
    const logits = reshape(tied(tanh(rows)), [...indices.shape, count])
    trace.result('rows', rows)
    trace.result('logits', logits)
    const loss = sum(mul(logits, trace.batch('weights', 'f32', weights.shape)))
    grad(loss, [words.weight]).forEach((gradient) => trace.result('gradient', gradient))
  })
  const { results } = evaluate(program, {
    state: { weight: weight.values },
    batch: { indices: indices.values, weights: weights.values },
  })
  expectClose(results.rows, expected.rows)
  expectClose(results.logits, expected.logits)
  expectClose(results.gradient, expected.gradient)
})
