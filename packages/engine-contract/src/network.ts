/** A small classifier with data, to train on an engine, here or in a worker thread. */
import {
  adam,
  add,
  logSoftmax,
  matmul,
  mean,
  mul,
  neg,
  normal,
  oneHot,
  parameter,
  relu,
  defineModel,
  sum,
  zeros,
  type Model,
} from '@gradpool/core'
import { train, type Engine, type Field, type Split } from '@gradpool/core/engine'

export const NUM_EXAMPLES = 23
export const image: Field = {
  dtype: 'u8',
  shape: [12],
  values: Uint8Array.from({ length: NUM_EXAMPLES * 12 }, (_, i) => (i * 7919) % 251),
}
export const label: Field = {
  dtype: 'u8',
  shape: [],
  values: Uint8Array.from({ length: NUM_EXAMPLES }, (_, i) => (i * 5) % 3),
}
export const data: Split = {
  fields: { image, label },
  rows: Int32Array.from({ length: NUM_EXAMPLES }, (_, row) => row),
}
export const network = networkOf(8)
export const training = train(network, {
  optimizer: adam({ learningRate: 0.01 }),
  batchSize: 5,
  data,
})

/** A classifier 12-width-3 with a ReLU. */
export function networkOf(width: number): Model {
  return defineModel({
    params: {
      hidden: parameter([12, width], normal(0.3)),
      bias: parameter([width], zeros),
      output: parameter([width, 3], normal(0.3)),
    },
    step(weights, batch) {
      const pixels = mul(batch.image, 1 / 255)
      const hidden = relu(add(matmul(pixels, weights.hidden), weights.bias))
      const chances = logSoftmax(matmul(hidden, weights.output))
      return { loss: neg(mean(sum(mul(chances, oneHot(batch.label, 3)), [1]))) }
    },
  })
}

export function rowsOf({ values, shape }: Field, rows: Int32Array): number[] {
  const size = shape.reduce((a, b) => a * b, 1)
  return [...rows].flatMap((row) => [...values.slice(row * size, (row + 1) * size)])
}

export async function weightsAfter(
  engine: Engine,
  chunks: readonly number[],
  seed = 4,
): Promise<Record<string, Float32Array>> {
  const fit = await engine.compile(training, { data, seed })
  for (const steps of chunks) await fit.run({ steps })
  const weights = fit.read()
  fit.dispose()
  return weights
}
