/**
 * Local SGD and federated averaging against a program in numpy: tools/oracles/averaging_numpy.json
 * has its costs and final weights, training_torch.json the data and the first weights.
 */
import { adam, sgd } from '@gradpool/core'
import { wasmEngine } from '@gradpool/engine-cpu'
import { mlp } from '@gradpool/models'
import { expect, it, onTestFinished } from 'vitest'
import { type OracleLayer, readOracle, statesOf } from '../src/testing/oracles.js'
import { fit } from '../src/index.js'

interface Training {
  readonly inputs: readonly (readonly number[])[]
  readonly labels: readonly number[]
  readonly cases: readonly { readonly name: string; readonly layers: readonly OracleLayer[] }[]
}

interface Averaging {
  readonly sgd: { readonly lr: number }
  readonly adam: { readonly lr: number; readonly beta1: number; readonly beta2: number }
  readonly cases: readonly {
    readonly name: string
    readonly optimizer: 'sgd' | 'adam'
    readonly momentum: number
    readonly parts: readonly number[] | null
    readonly replicas: number
    readonly every: number
    readonly batch: number
    readonly epochs: number
    readonly costs: readonly number[]
    readonly finalLayers: readonly OracleLayer[]
  }[]
}

const training = readOracle('training_torch.json') as Training
const oracle = readOracle('averaging_numpy.json') as Averaging

const data = {
  image: { values: Float32Array.from(training.inputs.flat()), shape: [6] },
  label: { values: Uint8Array.from(training.labels), shape: [] },
}
const first = training.cases.find(({ name }) => name === 'mlp')?.layers ?? []

it.each(oracle.cases)('$name', async ({ optimizer, momentum, parts, ...given }) => {
  const engine = await wasmEngine({ memoryBytes: 2 ** 24 })
  onTestFinished(() => engine.dispose())
  const { replicas, every, batch: batchSize, epochs, costs } = given
  const { weights, history } = await fit(mlp({ hidden: [5] }), {
    engine,
    data,
    workers: 2,
    batchSize,
    epochs,
    shuffle: false,
    averageEvery: every,
    averageParts: parts ?? replicas,
    initFrom: statesOf(first),
    optimizer:
      optimizer === 'adam' ? adam({ learningRate: oracle.adam.lr }) : sgd({ learningRate: oracle.sgd.lr, momentum }),
  })
  expect(history).toHaveLength(costs.length)
  for (const [i, { loss }] of history.entries()) expect(loss).toBeCloseTo(costs[i] ?? NaN, 5)
  for (const [name, values] of Object.entries(statesOf(given.finalLayers))) {
    values.forEach((value, i) => expect(weights[name]?.[i]).toBeCloseTo(value, 5))
  }
})
