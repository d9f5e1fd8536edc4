/**
 * A training on several threads that share its steps, and what becomes of it when one of them dies.
 */
import { adam, add, defineModel, matmul, normal, parameter, relu, zeros } from '@gradpool/core'
import { faultyEngine } from '@gradpool/engine-contract'
import { wasmEngine } from '@gradpool/engine-cpu'
import { accuracy, crossEntropy } from '@gradpool/models'
import { expect, it, onTestFinished } from 'vitest'
import { examples } from '../src/testing/three-classes.js'
import { fit } from '../src/index.js'

/** Wide enough for steps of 64 examples to be shared. */
const WIDTH = 256

const model = defineModel({
  params: {
    hidden: parameter([6, WIDTH], normal(0.3)),
    bias: parameter([WIDTH], zeros),
    middle: parameter([WIDTH, WIDTH], normal(0.05)),
    output: parameter([WIDTH, 3], normal(0.3)),
  },
  step(weights, { image, label }) {
    const hidden = relu(add(matmul(image, weights.hidden), weights.bias))
    const logits = matmul(relu(matmul(hidden, weights.middle)), weights.output)
    return { loss: crossEntropy(logits, label), accuracy: accuracy(logits, label) }
  },
})

const data = examples(203)

async function optionsFor(workers: number) {
  const engine = await wasmEngine({ memoryBytes: 2 ** 26 })
  onTestFinished(() => engine.dispose())
  const optimizer = adam({ learningRate: 0.003 })
  return { engine, data, workers, microBatches: 4, epochs: 30, batchSize: 64, optimizer }
}

it('learns the same weights on any number of workers', async () => {
  const alone = await fit(model, await optionsFor(1))
  expect(alone.history).toHaveLength(30)
  expect(alone.history.at(-1)?.accuracy).toBeGreaterThan(0.9)
  expect(Object.keys(alone.weights)).toEqual(['hidden', 'bias', 'middle', 'output'])
  for (const workers of [2, 4, 7]) {
    const { weights } = await fit(model, await optionsFor(workers))
    expect(weights).toEqual(alone.weights)
  }
})

it('learns the same weights on any number of workers without micro-batches, too', async () => {
  const options = async (workers: number) => ({ ...(await optionsFor(workers)), microBatches: 1 })
  const alone = await fit(model, await options(1))
  const cut = await fit(model, await optionsFor(1))
  expect(alone.weights).not.toEqual(cut.weights)
  for (const workers of [2, 4]) {
    const faults = [{ kind: 'exit', thread: 1, steps: 1 } as const]
    const given = await options(workers)
    const engine = faultyEngine(given.engine, faults)
    const { weights } = await fit(model, { ...given, engine })
    // So the steps were shared.
    expect(faults).toEqual([])
    expect(weights).toEqual(alone.weights)
  }
})

it('averages the weights of parts that train apart', async () => {
  const options = async (workers: number) => ({
    ...(await optionsFor(workers)),
    microBatches: 1,
    batchSize: 4,
    averageEvery: 3,
    averageParts: [3, 1, 2],
  })
  const seen: unknown[] = []
  const alone = await fit(model, {
    ...(await options(1)),
    onEpoch: ({ weights }) => seen.push(weights()),
  })
  expect(alone.history.at(-1)?.accuracy).toBeGreaterThan(0.9)
  expect(seen).toHaveLength(30)
  expect(seen.at(-1)).toEqual(alone.weights)
  expect(seen[0]).not.toEqual(alone.weights)
  for (const workers of [2, 5]) {
    const { weights, history } = await fit(model, await options(workers))
    expect(weights).toEqual(alone.weights)
    expect(history.map(({ loss }) => loss)).toEqual(alone.history.map(({ loss }) => loss))
  }
})

it('goes on when a thread dies, and tells of it', async () => {
  const options = await optionsFor(3)
  const alone = await fit(model, { ...options, workers: 1 })
  const warnings: string[] = []
  const { weights } = await fit(model, {
    ...options,
    engine: faultyEngine(options.engine, [{ kind: 'exit', thread: 1, steps: 5 }]),
    onWarning: (message) => warnings.push(message),
  })
  expect(warnings).toEqual([expect.stringMatching(/^training: .*thread.*is resumed/)])
  expect(weights).toEqual(alone.weights)
})

it('refuses parts that there are not enough examples for', async () => {
  const options = { ...(await optionsFor(2)), microBatches: 1 }
  const few = { ...options, data: examples(3), averageEvery: 1 }
  await expect(fit(model, { ...few, averageParts: 4 })).rejects.toThrow(/part 4 of 4 has none/)
  await expect(fit(model, { ...few, averageParts: [1, 0] })).rejects.toThrow(
    'averageParts must be numbers above 0, not 0',
  )
})
