/**
 * A network that reads rows of an image by a cell with a gate, forward and backward, up to a row that each example
 * names.
 */
import {
  add,
  type Batch,
  concat,
  constant,
  logSoftmax,
  matmul,
  mean,
  mul,
  neg,
  normal,
  oneHot,
  parameter,
  reshape,
  scan,
  sigmoid,
  defineModel,
  sub,
  sum,
  tanh,
  type Tensor,
  zeros,
} from '@gradpool/core'
import type { Field, Split } from '@gradpool/core/engine'
import type { ExampleNetwork } from './describe-network.js'

const NUM_EXAMPLES = 17
const [TIME, FEATURES, HIDDEN] = [5, 6, 20]

const image: Field = {
  dtype: 'u8',
  shape: [TIME, FEATURES],
  values: Uint8Array.from({ length: NUM_EXAMPLES * TIME * FEATURES }, (_, i) => (i * 7919) % 251),
}
const label: Field = {
  dtype: 'u8',
  shape: [],
  values: Uint8Array.from({ length: NUM_EXAMPLES }, (_, i) => (i * 5) % 3),
}
const length: Field = {
  dtype: 'i32',
  shape: [],
  values: Int32Array.from({ length: NUM_EXAMPLES }, (_, i) => i % (TIME + 1)),
}
const data: Split = {
  fields: { image, label, length },
  rows: Int32Array.from({ length: NUM_EXAMPLES }, (_, row) => row),
}

const cell = {
  input: parameter([FEATURES, HIDDEN], normal(0.3)),
  gate: parameter([HIDDEN, HIDDEN], normal(0.3)),
  state: parameter([HIDDEN, HIDDEN], normal(0.3)),
  bias: parameter([HIDDEN], zeros),
}

const network = defineModel({
  params: { forward: cell, backward: cell, output: parameter([2 * HIDDEN, 3], normal(0.3)) },
  step({ forward, backward, output }, { image, label, length }: Batch<'image' | 'label' | 'length'>) {
    const batch = image.shape[0] ?? 1
    const rows = reshape(mul(image, 1 / 255), [batch * TIME, FEATURES])
    const read = (weights: Readonly<Record<keyof typeof cell, Tensor>>, reverse: boolean) => {
      const inputs = reshape(add(matmul(rows, weights.input), weights.bias), [batch, TIME, HIDDEN])
      const step = (h: Tensor, x: Tensor) => {
        const gate = sigmoid(matmul(h, weights.gate))
        const state = add(mul(gate, h), mul(sub(1, gate), tanh(add(x, matmul(h, weights.state)))))
        return { state, output: state }
      }
      return scan(step, constant(0, [batch, HIDDEN]), inputs, { lengths: length, reverse })
    }
    const [onwards, back] = [read(forward, false), read(backward, true)]
    const all = concat([add(onwards.state, mean(back.outputs, 1)), back.state], 1)
    return { loss: neg(mean(sum(mul(logSoftmax(matmul(all, output)), oneHot(label, 3)), [1]))) }
  },
})

export const recurrent: ExampleNetwork = { name: 'a recurrent network', network, data }
