/**
 * A transformer that reads short texts: heads of attention that see what comes before, and in blocks all that a mask
 * leaves, with rotary and sinusoidal positions, norms, and an output that shares the table of the input.
 */
import {
  add,
  type Batch,
  checkpoint,
  concat,
  constant,
  cos,
  defineModel,
  div,
  einsum,
  erf,
  exp,
  gather,
  less,
  logSumExp,
  matmul,
  mean,
  mul,
  neg,
  normal,
  oneHot,
  parameter,
  reshape,
  sin,
  slice,
  softmax,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  topK,
  transpose,
} from '@gradpool/core'
import type { Field, Split } from '@gradpool/core/engine'
import type { ExampleNetwork } from './describe-network.js'

const NUM_EXAMPLES = 17
const [TIME, WIDTH, HEADS, WORDS] = [6, 8, 2, 11]

const text: Field = {
  dtype: 'u8',
  shape: [TIME],
  values: Uint8Array.from({ length: NUM_EXAMPLES * TIME }, (_, i) => (i * 7919) % WORDS),
}
const next: Field = {
  dtype: 'i32',
  shape: [TIME],
  values: Int32Array.from({ length: NUM_EXAMPLES * TIME }, (_, i) => (i * 104_729) % WORDS),
}
const length: Field = {
  dtype: 'i32',
  shape: [],
  values: Int32Array.from({ length: NUM_EXAMPLES }, (_, i) => 1 + (i % TIME)),
}
const data: Split = {
  fields: { text, next, length },
  rows: Int32Array.from({ length: NUM_EXAMPLES }, (_, row) => row),
}

const square8 = parameter([WIDTH, WIDTH], normal(0.3))
const block = { query: square8, key: square8, value: square8, output: square8, up: parameter([WIDTH, 20], normal(0.3)) }
const places = upTo(TIME)

/** Whole numbers from 0, made where a trace is in progress. */
function upTo(count: number) {
  return (shape: readonly number[]) =>
    constant(
      Float32Array.from({ length: count }, (_, i) => i),
      shape,
    )
}

function normalised(x: Tensor): Tensor {
  const centred = sub(x, mean(x, -1, { keepDims: true }))
  return div(centred, sqrt(add(mean(square(centred), -1, { keepDims: true }), 1e-3)))
}

/** [batch, time, width] as [batch, heads, time, width of a head]. */
function headsOf(x: Tensor): Tensor {
  return transpose(reshape(x, [-1, TIME, HEADS, WIDTH / HEADS]), [0, 2, 1, 3])
}

function turned(x: Tensor): Tensor {
  const half = WIDTH / HEADS / 2
  const angles = mul(places([TIME, 1]), exp(mul(upTo(half)([half]), -2)))
  const part = (from: number) => slice(x, [0, 0, 0, from], [...x.shape.slice(0, 3), half])
  const [across, up] = [part(0), part(half)]
  return concat(
    [sub(mul(across, cos(angles)), mul(up, sin(angles))), add(mul(up, cos(angles)), mul(across, sin(angles)))],
    3,
  )
}

const attend = (query: Tensor, key: Tensor, value: Tensor, hidden: Tensor): Tensor =>
  matmul(softmax(add(mul(matmul(query, key, { transposeB: true }), 0.5), mul(hidden, -1e30))), value)

function blockOf(weights: Readonly<Record<keyof typeof block, Tensor>>, x: Tensor, hidden: Tensor, isCut: boolean) {
  const rows = normalised(x)
  const [query, key, value] = [weights.query, weights.key, weights.value].map((weight) => headsOf(matmul(rows, weight)))
  if (!query || !key || !value) return x
  const [turnedQuery, turnedKey] = [turned(query), turned(key)]
  const [batch = 1, heads = 1] = query.shape
  const some = (start: number) => slice(turnedQuery, [0, 0, start, 0], [batch, heads, TIME / 2, WIDTH / HEADS])
  const found = isCut
    ? concat(
        [some(0), some(TIME / 2)].map((part) => checkpoint(attend)(part, turnedKey, value, hidden)),
        2,
      )
    : attend(turnedQuery, turnedKey, value, hidden)
  const means = reshape(transpose(found, [0, 2, 1, 3]), [batch, TIME, WIDTH])
  const after = add(x, matmul(means, weights.output))
  const risen = matmul(normalised(after), weights.up)
  const active = mul(mul(risen, 0.5), add(1, erf(mul(risen, Math.SQRT1_2))))
  return add(after, einsum('btu,wu->btw', active, weights.up))
}

const network = defineModel({
  params: { words: parameter([WORDS, WIDTH], normal(0.5)), first: block, second: block },
  step({ words, first, second }, { text, next, length }: Batch<'text' | 'next' | 'length'>) {
    const batch = text.shape[0] ?? 1
    const waves = sin(mul(places([TIME, 1]), exp(neg(upTo(WIDTH)([WIDTH])))))
    const x = add(gather(words, text), waves)
    const later = less(places([TIME, 1]), places([TIME]))
    const outside = sub(1, less(places([1, 1, 1, TIME]), reshape(length, [batch, 1, 1, 1])))
    const hidden = blockOf(second, blockOf(first, x, later, false), outside, true)
    const logits = matmul(normalised(hidden), words, { transposeB: true }) // [batch, time, words]
    const own = sum(mul(logits, oneHot(next, WORDS)), -1)
    const loss = mean(sub(logSumExp(logits, -1), own))
    return { loss: add(loss, mul(mean(topK(reshape(hidden, [batch, -1]), 3).values), 1e-2)) }
  },
})

export const attentive: ExampleNetwork = { name: 'a transformer', network, data }
