/** A training of a model of one's own on several threads, without experiments. */
import {
  adam,
  matmul,
  mul,
  normal,
  parameter,
  relu,
  defineModel,
  zeros,
  add,
  type Split,
} from '@gradpool/core'
import { faultyEngine } from '@gradpool/engine-contract'
import { wasmEngine } from '@gradpool/engine-cpu'
import { accuracy, confusionMatrix, crossEntropy } from '@gradpool/models'
import { expect, it, onTestFinished } from 'vitest'
import { trainDataParallel, type DataParallelOptions } from '../src/train-data-parallel.js'

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

/** Six numbers, of which the largest of the first three tells the class. */
const NUM_EXAMPLES = 203
const image = Float32Array.from({ length: 6 * NUM_EXAMPLES }, (_, i) => ((i * 7919) % 997) / 499)
const data: Split = {
  fields: {
    image: { dtype: 'f32', shape: [6], values: image },
    label: {
      dtype: 'u8',
      shape: [],
      values: Uint8Array.from({ length: NUM_EXAMPLES }, (_, example) => {
        const first = image.slice(6 * example, 6 * example + 3)
        return first.indexOf(Math.max(...first))
      }),
    },
  },
  rows: Int32Array.from({ length: NUM_EXAMPLES }, (_, row) => row),
}

async function optionsFor(
  workers: number,
): Promise<DataParallelOptions & { readonly microBatches: number }> {
  const engine = await wasmEngine({ memoryBytes: 2 ** 26 })
  onTestFinished(() => engine.dispose())
  const optimizer = adam({ learningRate: 0.003 })
  return { engine, data, workers, microBatches: 4, epochs: 30, batchSize: 64, optimizer }
}

it('learns the same weights on any number of workers', async () => {
  const alone = await trainDataParallel(model, await optionsFor(1))
  expect(alone.epochs).toHaveLength(30)
  expect(alone.epochs.at(-1)?.accuracy).toBeGreaterThan(0.9)
  expect(Object.keys(alone.weights)).toEqual(['hidden', 'bias', 'middle', 'output'])
  for (const workers of [2, 4, 7]) {
    const { weights } = await trainDataParallel(model, await optionsFor(workers))
    expect(weights).toEqual(alone.weights)
  }
})

it('learns the same weights on any number of workers without shards, too', async () => {
  const options = async (workers: number) => ({ ...(await optionsFor(workers)), microBatches: 1 })
  const alone = await trainDataParallel(model, await options(1))
  const sharded = await trainDataParallel(model, await optionsFor(1))
  expect(alone.weights).not.toEqual(sharded.weights)
  for (const workers of [2, 4]) {
    const faults = [{ kind: 'exit', thread: 1, steps: 1 } as const]
    const given = await options(workers)
    const engine = faultyEngine(given.engine, faults)
    const { weights } = await trainDataParallel(model, { ...given, engine })
    // So the steps were shared.
    expect(faults).toEqual([])
    expect(weights).toEqual(alone.weights)
  }
})

it.each([
  ['shared steps', {}],
  ['averages', { average: { every: 3, parts: [3, 1] } }],
])('has all metrics of the model in its rows: %s', async (_, how) => {
  const counting = defineModel({
    params: { output: parameter([6, 3], normal(0.3)) },
    step({ output }, { image, label }) {
      const logits = matmul(image, output)
      const loss = crossEntropy(logits, label)
      return { loss, twice: mul(loss, 2), confusion: confusionMatrix(logits, label) }
    },
  })
  const options = { ...(await optionsFor(2)), ...how, microBatches: 1, epochs: 2 }
  const { epochs } = await trainDataParallel(counting, options)
  expect(epochs).toHaveLength(2)
  for (const [i, { epoch, seconds, loss, twice, confusion }] of epochs.entries()) {
    expect(epoch).toBe(i + 1)
    expect(seconds).toBeGreaterThan(0)
    expect(Number(twice) / loss).toBeCloseTo(2, 5)
    const rows = confusion as number[][]
    expect(rows.map((row) => row.length)).toEqual([3, 3, 3])
    expect(rows.flat().reduce((sum, count) => sum + count)).toBe(NUM_EXAMPLES)
  }
})

it('averages the weights of shards that train apart', async () => {
  const average = { every: 3, parts: [3, 1, 2] }
  const options = async (workers: number) => {
    return { ...(await optionsFor(workers)), microBatches: 3, batchSize: 4, average }
  }
  const seen: unknown[] = []
  const alone = await trainDataParallel(model, {
    ...(await options(1)),
    onEpoch: (_row, read) => seen.push(read()),
  })
  expect(alone.epochs.at(-1)?.accuracy).toBeGreaterThan(0.9)
  expect(seen).toHaveLength(30)
  expect(seen.at(-1)).toEqual(alone.weights)
  expect(seen[0]).not.toEqual(alone.weights)
  for (const workers of [2, 5]) {
    const { weights, epochs } = await trainDataParallel(model, await options(workers))
    expect(weights).toEqual(alone.weights)
    expect(epochs.map(({ loss }) => loss)).toEqual(alone.epochs.map(({ loss }) => loss))
  }
})

it('goes on when a thread dies, and tells of it', async () => {
  const options = await optionsFor(3)
  const alone = await trainDataParallel(model, { ...options, workers: 1 })
  const warnings: string[] = []
  const { weights } = await trainDataParallel(model, {
    ...options,
    engine: faultyEngine(options.engine, [{ kind: 'exit', thread: 1, steps: 5 }]),
    onWarning: (message) => warnings.push(message),
  })
  expect(warnings).toEqual([expect.stringMatching(/^training: .*thread.*is resumed/)])
  expect(weights).toEqual(alone.weights)
})

it('stops when it is told to', async () => {
  const options = { ...(await optionsFor(2)), epochs: 100_000 }
  await expect(
    trainDataParallel(model, { ...options, signal: AbortSignal.timeout(100) }),
  ).rejects.toThrow(/timeout/)
})

it('refuses what cannot be', async () => {
  const options = await optionsFor(2)
  await expect(trainDataParallel(model, { ...options, workers: 0 })).rejects.toThrow(
    'workers must be a whole number of at least 1, not 0',
  )
  await expect(trainDataParallel(model, { ...options, microBatches: 1.5 })).rejects.toThrow(
    /microBatches/,
  )
  const average = { every: 1, parts: [1, 2] }
  await expect(trainDataParallel(model, { ...options, average })).rejects.toThrow(
    'average.parts has 2 parts for 4 microBatches',
  )
  const image = {
    dtype: 'f32',
    shape: [6],
    values: new Float32Array(6 * NUM_EXAMPLES).fill(NaN),
  } as const
  const broken = { ...data, fields: { ...data.fields, image } }
  await expect(trainDataParallel(model, { ...options, data: broken })).rejects.toThrow(
    'training: the loss is not a finite number at step 1',
  )
})
