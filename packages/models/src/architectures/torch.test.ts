/**
 * Whole trainings against PyTorch: tools/oracles/training_torch.json has data, first weights, the order of the batches,
 * and what PyTorch's autograd and Adam made of them, in float64.
 */
import { readFileSync } from 'node:fs'
import { adam, sgd, type Model } from '@gradpool/core'
import { evaluate, train } from '@gradpool/core/engine'
import { describe, expect, test } from 'vitest'
import { autoencode } from './autoencode.js'
import { mlp } from './classify.js'

interface OracleLayer {
  readonly weights: readonly (readonly number[])[]
  readonly bias: readonly number[]
}

interface Oracle {
  readonly optimizer: {
    readonly lr: number
    readonly beta1: number
    readonly beta2: number
    readonly eps: number
  }
  readonly inputs: readonly (readonly number[])[]
  readonly labels: readonly number[]
  readonly batches: readonly (readonly number[])[]
  readonly cases: readonly {
    readonly name: string
    readonly layers: readonly OracleLayer[]
    readonly losses: readonly number[]
    readonly firstGradients: readonly OracleLayer[]
    readonly finalLayers: readonly OracleLayer[]
  }[]
}

const oracleFile = new URL('../../../../tools/oracles/training_torch.json', import.meta.url)
const oracle = JSON.parse(readFileSync(oracleFile, 'utf8')) as Oracle

/** Each case as a model, and the path of each layer. */
const models: Readonly<Record<string, { model: Model; paths: readonly string[] }>> = {
  mlp: { model: mlp({ hidden: [5], classes: 3 }), paths: ['head.0', 'head.1'] },
  autoencoder: {
    model: autoencode({ encoder: [3], decoder: [6] }),
    paths: ['encoder.0', 'decoder.0'],
  },
  'autoencoder-relu-output': {
    model: autoencode({ encoder: [3], decoder: [6], outputActivation: 'relu' }),
    paths: ['encoder.0', 'decoder.0'],
  },
}

function stateOf(paths: readonly string[], layers: readonly OracleLayer[]) {
  return Object.fromEntries(
    layers.flatMap(({ weights, bias }, i) => [
      [`${paths[i]}.weight`, weights.flat()],
      [`${paths[i]}.bias`, [...bias]],
    ]),
  ) as Readonly<Record<string, readonly number[]>>
}

const data = {
  fields: { image: { dtype: 'f32', shape: [6] }, label: { dtype: 'u8', shape: [] } },
  numExamples: 12,
} as const

function batchOf(rows: readonly number[]) {
  return {
    image: rows.flatMap((row) => oracle.inputs[row] ?? []),
    label: rows.map((row) => oracle.labels[row] ?? NaN),
  }
}

describe.each(oracle.cases)('$name', ({ name, layers, losses, firstGradients, finalLayers }) => {
  const model = models[name]
  if (!model) throw new Error(`no model for the case ${name}`)
  const first = stateOf(model.paths, layers)

  test('the first gradients are PyTorch’s', () => {
    const optimizer = sgd({ learningRate: 1 })
    const { program } = train(model.model, { optimizer, batchSize: 4, data })
    const { state } = evaluate(program, { state: first, batch: batchOf(oracle.batches[0] ?? []) })
    for (const [path, gradient] of Object.entries(stateOf(model.paths, firstGradients))) {
      gradient.forEach((value, i) => {
        expect((first[path]?.[i] ?? NaN) - (state[path]?.[i] ?? NaN)).toBeCloseTo(value, 7)
      })
    }
  })

  // In float64 the order of a sum hardly shows: whatever the number of microBatches, the training is the same.
  test.each([1, 3])(
    'the losses of all steps and the final weights are PyTorch’s, of %i micro-batches',
    (microBatches) => {
      const { lr, beta1, beta2, eps } = oracle.optimizer
      const optimizer = adam({ learningRate: lr, beta1, beta2, epsilon: eps })
      const { program } = train(model.model, { optimizer, batchSize: 4, microBatches, data })
      let state: Readonly<Record<string, ArrayLike<number>>> = first
      oracle.batches.forEach((rows, step) => {
        const next = evaluate(program, { state, batch: batchOf(rows), step })
        expect(next.results.loss?.[0]).toBeCloseTo(losses[step] ?? NaN, 6)
        state = next.state
      })
      for (const [path, weights] of Object.entries(stateOf(model.paths, finalLayers))) {
        weights.forEach((value, i) => expect(state[path]?.[i]).toBeCloseTo(value, 6))
      }
    },
  )
})
