/**
 * A training of eight shards against PyTorch, which adds up the gradients of the same micro-shards:
 * tools/oracles/shards_torch.json has data, first weights, the loss of each step and the final
 * weights.
 */
import { adam } from '@gradpool/core'
import { wasmEngine } from '@gradpool/engine-cpu'
import { mlp } from '@gradpool/models'
import { expect, it, onTestFinished } from 'vitest'
import { type OracleLayer, readOracle, statesOf } from '../src/testing/oracles.js'
import { fit } from '../src/index.js'

interface Oracle {
  readonly shards: number
  readonly optimizer: { readonly lr: number }
  readonly inputs: readonly (readonly number[])[]
  readonly labels: readonly number[]
  readonly layers: readonly OracleLayer[]
  readonly losses: readonly number[]
  readonly finalLayers: readonly OracleLayer[]
}

const oracle = readOracle('shards_torch.json') as Oracle

const batchSize = oracle.labels.length
const data = {
  image: { values: Float32Array.from(oracle.inputs.flat()), shape: [12] },
  label: { values: Uint8Array.from(oracle.labels), shape: [] },
}

it.each([1, 2])('takes the same way as PyTorch, 100 steps, with %i workers', async (workers) => {
  const engine = await wasmEngine({ memoryBytes: 2 ** 24 })
  onTestFinished(() => engine.dispose())
  const model = mlp({ hidden: [16], activation: 'tanh' })
  const { weights, history } = await fit(model, {
    engine,
    data,
    workers,
    batchSize,
    microBatches: oracle.shards,
    shuffle: false,
    epochs: oracle.losses.length,
    optimizer: adam({ learningRate: oracle.optimizer.lr }),
    initFrom: statesOf(oracle.layers),
  })
  // An epoch is a step, so its loss is that of the step.
  expect(history).toHaveLength(100)
  for (const [step, { loss }] of history.entries()) {
    const wanted = oracle.losses[step] ?? NaN
    expect(Math.abs(loss - wanted)).toBeLessThan(1e-4 * wanted)
  }
  for (const [name, values] of Object.entries(statesOf(oracle.finalLayers))) {
    const largest = Math.max(...values.map(Math.abs))
    values.forEach((value, i) => {
      expect(Math.abs((weights[name]?.[i] ?? NaN) - value)).toBeLessThan(1e-4 * largest)
    })
  }
})
