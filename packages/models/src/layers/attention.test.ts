/** Attention and positions, against PyTorch (tools/oracles/attention_torch.json), and what no oracle tells. */
import { readFileSync } from 'node:fs'
import {
  adam,
  type Batch,
  constant,
  defineModel,
  eager,
  grad,
  mean,
  type Module,
  mul,
  square,
  sum,
  UserError,
  zeros,
} from '@gradpool/core'
import { Binding, evaluate, train, traceProgram } from '@gradpool/core/engine'
import { describe, expect, test } from 'vitest'
import {
  attention,
  dense,
  embedding,
  type Layer,
  learnedPositions,
  multiHeadAttention,
  type MultiHeadAttentionOptions,
  residual,
  rotary,
  sequential,
  sinusoidalPositions,
  spatialDropout,
  stochasticDepth,
} from '../index.js'
import { compute } from '../testing/compute.js'
import { wave } from '../testing/describe-layer.js'

interface Numbers {
  readonly shape: readonly number[]
  readonly values: readonly number[]
}

interface Oracle {
  readonly width: number
  readonly heads: number
  readonly cases: readonly {
    readonly name: string
    readonly options: MultiHeadAttentionOptions
    readonly params: Readonly<Record<string, Numbers>>
    readonly x: Numbers
    readonly context: Numbers | null
    readonly mask: Numbers | null
    readonly output: readonly number[]
    readonly weights: Numbers
    readonly gradients: Readonly<Record<string, readonly number[]>>
  }[]
  readonly positions: {
    readonly x: Numbers
    readonly sinusoidal: readonly number[]
    readonly rotary: readonly number[]
  }
}

const oracleFile = new URL('../../../../tools/oracles/attention_torch.json', import.meta.url)
const oracle = JSON.parse(readFileSync(oracleFile, 'utf8')) as Oracle

function expectClose(actual: ArrayLike<number> | undefined, expected: readonly number[]) {
  expect(actual).toHaveLength(expected.length)
  expected.forEach((value, i) => expect(actual?.[i]).toBeCloseTo(value, 6))
}

describe.each([undefined, 2])('in blocks of %s queries', (block) => {
  test.each(oracle.cases)('$name: output and gradients are PyTorch’s', (given) => {
    const { options, params, x, context, mask, weights } = given
    const program = traceProgram((trace) => {
      const binding = new Binding(trace, true)
      const layer = { ...options, ...(block !== undefined && { block }) }
      const attend = binding.bind(multiHeadAttention(oracle.width, oracle.heads, layer))
      const rows = trace.state('x', x.shape, zeros)
      const other = context && trace.state('context', context.shape, zeros)
      const output = attend(rows, {
        ...(other && { context: other }),
        ...(mask && { mask: trace.batch('mask', 'u8', mask.shape) }),
      })
      trace.result('output', output)
      const by = [
        { name: 'x', tensor: rows },
        ...(other ? [{ name: 'context', tensor: other }] : []),
        ...binding.trainable,
      ]
      const loss = sum(mul(output, trace.batch('weights', 'f32', weights.shape)))
      grad(
        loss,
        by.map(({ tensor }) => tensor),
      ).forEach((gradient, i) => trace.result(`by ${by[i]?.name ?? ''}`, gradient))
    })
    const state = { ...params, x, ...(context && { context }) }
    const values = Object.entries(state).map(([name, numbers]) => [name, numbers.values] as const)
    const batch = { weights: weights.values, ...(mask && { mask: mask.values }) }
    const { results } = evaluate(program, { state: Object.fromEntries(values), batch })
    expectClose(results.output, given.output)
    expect(Object.keys(given.gradients).sort()).toEqual(values.map(([name]) => name).sort())
    for (const [name, gradient] of Object.entries(given.gradients)) expectClose(results[`by ${name}`], gradient)
  })
})

describe('positions', () => {
  const { x, ...expected } = oracle.positions

  test('sines and rotations are PyTorch’s', () => {
    const sinusoidal = sinusoidalPositions()
    const program = traceProgram((trace) => {
      trace.result('value', new Binding(trace, true).bind(sinusoidal)(trace.batch('x', 'f32', x.shape)))
    })
    expectClose(evaluate(program, { batch: { x: x.values } }).results.value, expected.sinusoidal)
    expectClose(
      compute([x], (rows) => rotary(rows)),
      expected.rotary,
    )
  })

  test('products of rotated rows depend on their distance', () => {
    const product = (first: number) => {
      const { value } = eager(() => {
        const [a, b] = [constant(wave(6, 1), [1, 6]), constant(wave(6, 2), [1, 6])]
        return { value: sum(mul(rotary(a, { first }), rotary(b, { first: first + 3 }))) }
      })
      return value.values[0]
    }
    expect(product(40)).toBeCloseTo(product(0) ?? NaN, 9)
  })

  test('learned ones are of the first rows of a table, and refuse a longer sequence', () => {
    const after = (time: number) => () => {
      const program = traceProgram((trace) => {
        const add = new Binding(trace, true).bind(learnedPositions(3, 2))
        trace.result('value', add(trace.batch('x', 'f32', [2, time, 2])))
      })
      const x = Array.from({ length: 4 * time }, (_, i) => i)
      return [...(evaluate(program, { state: { weight: [10, 20, 30, 40, 50, 60] }, batch: { x } }).results.value ?? [])]
    }
    expect(after(2)()).toEqual([10, 21, 32, 43, 14, 25, 36, 47])
    expect(after(4)).toThrow('learnedPositions: x must be [..., up to 3, 2], not f32[2, 4, 2]')
  })
})

describe('attention', () => {
  const rows = (heads: number, time: number, seed: number) => ({
    shape: [1, heads, time, 2],
    values: wave(heads * time * 2, seed),
  })

  test('gives zeros where a query may see no key, and takes them out of the gradient', () => {
    const operands = [rows(1, 3, 1), rows(1, 2, 2), rows(1, 2, 3)]
    const mask = [1, 1, 0, 0, 0, 1]
    const found = compute(operands, (...[q, k, v]) => {
      if (!q || !k || !v) throw new Error('three operands')
      return attention(q, k, v, { mask: constant(mask, [1, 1, 3, 2]) })
    })
    expect(found.slice(2, 4).map(Math.abs)).toEqual([0, 0])
    expect(found.slice(4)).toEqual(operands[2]?.values.slice(2, 4))
  })

  test('computes the same in blocks, bit for bit, whatever the block', () => {
    const operands = [rows(2, 7, 1), rows(1, 7, 2), rows(1, 7, 3)]
    const inBlocks = (block: number, causal: boolean) =>
      compute(operands, (...[q, k, v]) => {
        if (!q || !k || !v) throw new Error('three operands')
        return attention(q, k, v, { block, causal })
      })
    for (const block of [1, 2, 3, 6]) {
      expect(inBlocks(block, false)).toEqual(inBlocks(7, false))
      expectClose(inBlocks(block, true), inBlocks(7, true))
    }
  })

  test('is refused in one sentence where shapes do not go together', () => {
    const attempt = (q: readonly number[], k: readonly number[], mask?: readonly number[]) => () =>
      eager(() => attention(constant(1, q), constant(1, k), constant(1, k), mask ? { mask: constant(1, mask) } : {}))
    expect(attempt([1, 3, 4, 2], [1, 2, 4, 2])).toThrow(UserError)
    expect(attempt([1, 3, 4, 2], [1, 2, 4, 2])).toThrow('attention: queries must be [batch, heads, queries, width]')
    expect(attempt([1, 2, 4, 2], [1, 2, 5, 2], [4, 4])).toThrow(
      'attention: a mask must broadcast to [batch, heads, queries, keys], [1, 2, 4, 5], not f32[4, 4]',
    )
  })

  test.each([
    [() => multiHeadAttention(10, 4), 'multiHeadAttention: a width of 10 does not divide into 4 heads'],
    [() => multiHeadAttention(8, 4, { keyHeads: 3 }), 'multiHeadAttention: 4 heads do not divide into 3 heads of keys'],
    [() => multiHeadAttention(8, 0), 'multiHeadAttention: heads must be a whole number of at least 1, not 0'],
    [() => stochasticDepth(1), 'stochasticDepth: rate must be at least 0 and below 1, not 1'],
    [() => spatialDropout(-1), 'spatialDropout: rate must be at least 0 and below 1, not -1'],
  ])('%s is refused', (make, sentence) => {
    expect(make).toThrow(sentence)
  })
})

describe('dropout of whole parts', () => {
  const dropped = (layer: Module<Layer>, training: boolean) => {
    const program = traceProgram((trace) => {
      trace.result('value', new Binding(trace, training).bind(layer)(constant(1, [40, 3, 3, 5])))
    })
    return [...(evaluate(program, { seed: 3 }).results.value ?? [])]
  }

  test('drops channels, or examples, and grows the others', () => {
    const channels = dropped(spatialDropout(0.5), true)
    const examples = dropped(stochasticDepth(0.25), true)
    channels.forEach((value, i) => expect(value).toBe(channels[Math.floor(i / 45) * 45 + (i % 5)]))
    examples.forEach((value, i) => expect(value).toBe(examples[Math.floor(i / 45) * 45]))
    expect(new Set(channels)).toEqual(new Set([0, 2]))
    expect(new Set(examples).size).toBe(2)
    expect(dropped(stochasticDepth(0.25), false).every((value) => value === 1)).toBe(true)
  })
})

test('a residual block of attention learns, and its states have the names of its layers', () => {
  const model = defineModel({
    params: {
      words: embedding(5, 8),
      blocks: sequential([
        residual(multiHeadAttention(8, 2, { causal: true, keyHeads: 1, dropout: 0.1, block: 2 })),
        residual(sequential([dense(8, 16, { activation: 'gelu' }), dense(16, 8), stochasticDepth(0.1)])),
      ]),
    },
    step: ({ words, blocks }, { text }: Batch<'text'>) => ({ loss: mean(square(blocks(words(text)))) }),
  })
  const data = { fields: { text: { dtype: 'u8', shape: [4] } }, numExamples: 3 } as const
  const { program } = train(model, { optimizer: adam({ learningRate: 0.05 }), batchSize: 3, data })
  const names = program.states.map(({ name }) => name).filter((name) => !name.startsWith('optimizer/'))
  expect(names).toEqual([
    'words.weight',
    ...['query', 'key', 'value', 'output'].flatMap((name) => [`blocks.0.${name}.weight`, `blocks.0.${name}.bias`]),
    ...['blocks.1.0', 'blocks.1.1'].flatMap((name) => [`${name}.weight`, `${name}.bias`]),
  ])
  const batch = { text: [0, 1, 2, 3, 4, 3, 2, 1, 1, 0, 2, 4] }
  let state: Readonly<Record<string, ArrayLike<number>>> = {}
  const losses = Array.from({ length: 30 }, (_, step) => {
    const next = evaluate(program, { state, batch, step, seed: 1 })
    state = next.state
    return next.results.loss?.[0] ?? NaN
  })
  expect(losses.at(-1)).toBeLessThan((losses[0] ?? NaN) / 2)
})
