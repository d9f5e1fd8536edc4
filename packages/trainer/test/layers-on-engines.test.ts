/**
 * In f32, where exponentials overflow early, on WebAssembly and in native code: activations from -100 to 100 against
 * tools/oracles/layers_jax.json, and norms and an embedding against the reference.
 */
import { adam, add, type Batch, defineModel, grad, mean, mul, square, sum, type Tensor } from '@gradpool/core'
import { Binding, train, traceProgram } from '@gradpool/core/engine'
import { nativeEngine, nativeInstructionSets, wasmEngine } from '@gradpool/engine-cpu'
import { expectSameStep, splitOf, wholeBatch } from '@gradpool/engine-contract'
import {
  activationFunction,
  type ActivationName,
  batchNorm,
  embedding,
  groupNorm,
  layerNorm,
  multiHeadAttention,
  rmsNorm,
} from '@gradpool/models'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readOracle } from '../src/testing/oracles.js'

interface Oracle {
  readonly points: readonly number[]
  readonly activations: readonly {
    readonly name: ActivationName
    readonly values: readonly number[]
    readonly gradients: readonly number[]
  }[]
}

const { points, activations } = readOracle('layers_jax.json') as Oracle
const engines = [
  ['wasm', wasmEngine] as const,
  ...(nativeInstructionSets().length > 0 ? [['native', nativeEngine] as const] : []),
]

describe.each(engines)('%s', (_, makeEngine) => {
  const engineOf = async () => {
    const engine = await makeEngine({ memoryBytes: 2 ** 24 })
    onTestFinished(() => engine.dispose())
    return engine
  }

  test('activations have JAX’s values and gradients', async () => {
    const engine = await engineOf()
    const program = traceProgram((trace) => {
      const x = trace.batch('x', 'f32', [1, points.length])
      for (const { name } of activations) {
        const own = mul(x, 1)
        const y = activationFunction(name)(own)
        trace.result(name, y)
        grad(sum(y), [own]).forEach((slope) => trace.result(`${name}'`, slope))
      }
    })
    const data = splitOf({ x: { dtype: 'f32', shape: [points.length], values: Float32Array.from(points) } }, 1)
    const execution = await engine.compile(wholeBatch(program, 1), { data, seed: 0 })
    const { means } = await execution.run({ steps: 1 })
    for (const { name, values, gradients } of activations) {
      for (const [what, expected] of [
        [name, values],
        [`${name}'`, gradients],
      ] as const) {
        expected.forEach((value, i) => {
          const error = Math.abs((means[what]?.[i] ?? NaN) - value) / Math.max(1, Math.abs(value))
          expect(error, `${what} of ${points[i]}`).toBeLessThan(1e-6)
        })
      }
    }
  })

  test('attention in blocks trains in memory that all of it does not fit', async () => {
    const engine = await engineOf()
    const time = 1024
    const modelOf = (block: number) =>
      defineModel({
        params: multiHeadAttention(8, 1, { causal: true, block }),
        step: (attend, { text }: Batch<'text'>) => ({ loss: mean(square(attend(text))) }),
      })
    const values = Float32Array.from({ length: time * 8 }, (_, i) => Math.sin(12.9898 * (i + 1)))
    const data = splitOf({ text: { dtype: 'f32', shape: [time, 8], values } }, 1)
    const compile = (block: number) =>
      engine.compile(train(modelOf(block), { optimizer: adam(), batchSize: 1, data }), { data, seed: 0 })
    await expect(compile(time)).rejects.toThrow('more of memory are needed')
    const execution = await compile(64)
    expect((await execution.run({ steps: 2 })).status).toBe('done')
  })

  test('norms and an embedding do as the reference does', async () => {
    const engine = await engineOf()
    const size = 5 * 3 * 2 * 8
    const values = Float32Array.from({ length: size }, (_, i) => Math.sin(12.9898 * (i + 1)))
    const numbers = Int32Array.from({ length: 5 * 4 }, (_, i) => ((i * 7) % 11) - 2)
    const data = splitOf(
      {
        image: { dtype: 'f32', shape: [3, 2, 8], values },
        text: { dtype: 'i32', shape: [4], values: numbers },
      },
      5,
    )
    await expectSameStep(engine, data, (trace) => {
      const binding = new Binding(trace, true)
      const params = { batch: batchNorm(8), layer: layerNorm(8), group: groupNorm(2, 8), rms: rmsNorm(8) }
      const { words, ...norms } = binding.bind({ words: embedding(7, 8), ...params })
      const image = trace.batch('image', 'f32', [5, 3, 2, 8])
      const normalised = Object.values(norms).reduce((x: Tensor, norm, i) => norm(mul(x, i + 1)), image)
      const rows = norms.rms(words(trace.batch('text', 'i32', [5, 4])))
      const cubes = (x: Tensor) => mean(mul(x, mul(x, x)))
      const loss = add(cubes(normalised), cubes(rows))
      trace.result('loss', loss)
      grad(
        loss,
        binding.trainable.map(({ tensor }) => tensor),
      ).forEach((gradient, i) => trace.result(`gradient ${i}`, gradient))
    })
  })
})
