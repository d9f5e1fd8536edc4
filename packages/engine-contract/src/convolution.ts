/** A network of two convolutions, pooling and a dense layer. */
import {
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
import type { Field, Split } from '@gradpool/core/engine'
import type { ExampleNetwork } from './describe-network.js'

const NUM_EXAMPLES = 17
const SIZE = 9

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

export const convolutional: ExampleNetwork = { name: 'a convolutional network', network, data }
