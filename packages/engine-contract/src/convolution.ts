/**
 * A network of two convolutions, pooling and a dense layer in training: the reference followed, odd batches and the
 * shorter last one included, and the same bits for any number of workers.
 */
import {
  adam,
  add,
  averagePool,
  conv,
  logSoftmax,
  matmul,
  maxPool,
  mean,
  mul,
  neg,
  normal,
  oneHot,
  parameter,
  relu,
  reshape,
  defineModel,
  sum,
  zeros,
} from '@gradpool/core'
import { evaluate, initialState, shuffled, train, type Engine, type Field, type Split } from '@gradpool/core/engine'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bitsOf, expectClose } from './compare.js'
import { rowsOf } from './network.js'
import { Threads } from './threads.js'

const TIMEOUT_MS = 60_000
const NUM_EXAMPLES = 17
const SIZE = 9
const MOST = 3

const image: Field = {
  dtype: 'u8',
  shape: [SIZE, SIZE, 2],
  values: Uint8Array.from({ length: NUM_EXAMPLES * SIZE * SIZE * 2 }, (_, i) => (i * 7919) % 251),
}
const label: Field = {
  dtype: 'u8',
  shape: [],
  values: Uint8Array.from({ length: NUM_EXAMPLES }, (_, i) => (i * 5) % 3),
}
const data: Split = {
  fields: { image, label },
  rows: Int32Array.from({ length: NUM_EXAMPLES }, (_, row) => row),
}

const network = defineModel({
  params: {
    first: parameter([3, 3, 2, 4], normal(0.3)),
    depthwise: parameter([2, 2, 1, 4], normal(0.5)),
    bias: parameter([4], zeros),
    second: parameter([3, 2, 4, 5], normal(0.3)),
    output: parameter([10, 3], normal(0.3)),
  },
  step(weights, { image, label }) {
    const edges = relu(add(conv(mul(image, 1 / 255), weights.first, { padding: 'same' }), weights.bias))
    const smaller = averagePool(
      conv(maxPool(edges, 3, { strides: 2, padding: 'same' }), weights.depthwise, { groups: 4 }),
      2,
    )
    const features = relu(conv(smaller, weights.second, { padding: [1, [0, 1]] }))
    const pooled = maxPool(features, [1, 2])
    const chances = logSoftmax(matmul(reshape(pooled, [image.shape[0] ?? 1, 10]), weights.output))
    return { loss: neg(mean(sum(mul(chances, oneHot(label, 3)), [1]))) }
  },
})

function programOf(batchSize: number, microBatches = 1) {
  return train(network, { optimizer: adam({ learningRate: 0.01 }), batchSize, microBatches, data })
}

export function describeConvolution(engineOf: () => Engine, sharesSteps: boolean): void {
  describe('a convolutional network', { timeout: TIMEOUT_MS }, () => {
    // 7, 7 and 3; one by one; all.
    test.each([7, 1, 17])('follows the reference evaluator, in batches of %i', async (batchSize) => {
      const training = programOf(batchSize)
      const fit = await engineOf().compile(training, { data, seed: 4 })
      const steps = 3
      let state: Readonly<Record<string, ArrayLike<number>>> = initialState(training.program, 4)
      for (let step = 0; step < steps; step++) {
        const epoch = Math.floor(step / fit.stepsPerEpoch)
        const start = (step % fit.stepsPerEpoch) * batchSize
        const rows = shuffled(data.rows, 4, epoch).slice(start, start + batchSize)
        const program = rows.length === batchSize ? training.program : (training.tail ?? training.program)
        const batch = { image: rowsOf(image, rows), label: rowsOf(label, rows) }
        const done = evaluate(program, { state, batch, step, seed: 4 })
        const chunk = await fit.run({ steps: 1 })
        expect(chunk.lastLoss).toBeCloseTo(done.results.loss?.[0] ?? NaN, 5)
        state = done.state
      }
      for (const [name, values] of Object.entries(fit.read())) {
        expectClose(values, state[name] ?? [], 1e-4, () => name)
      }
      fit.dispose()
    })

    if (!sharesSteps) return
    describe('on several workers', () => {
      let threads: Threads
      beforeAll(() => {
        threads = new Threads(engineOf(), MOST)
      })
      afterAll(() => threads.close())

      test.each([
        [7, 1],
        [7, 3],
        [2, 2],
      ])('has the same bits, in batches of %i cut into %i', async (batchSize, microBatches) => {
        const training = programOf(batchSize, microBatches)
        const compile = (workers: number) => engineOf().compile(training, { data, seed: 4, workers })
        const [alone, together] = [await compile(1), await compile(MOST)]
        for (const [steps, workers] of [
          [4, 2],
          [5, 3],
          [2, 1],
        ] as const) {
          const chunk = await threads.run(together, steps, Math.min(workers, together.workers))
          const wanted = await alone.run({ steps })
          expect(chunk).toEqual(wanted)
          expect(chunk.status).toBe('done')
          expect(bitsOf(together.read())).toEqual(bitsOf(alone.read()))
        }
        for (const each of [alone, together]) each.dispose()
      })
    })
  })
}
