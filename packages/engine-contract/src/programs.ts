/**
 * Programs to test engines with: one for each op, and random ones.
 */
import {
  add,
  argMax,
  broadcastTo,
  cast,
  concat,
  constant,
  conv,
  div,
  equal,
  exp,
  flush,
  gather,
  grad,
  less,
  lessEqual,
  log,
  log1p,
  logSoftmax,
  matmul,
  max,
  maximum,
  maxPool,
  mean,
  minimum,
  mul,
  neg,
  normal,
  oneHot,
  pad,
  randomNormal,
  randomUniform,
  relu,
  reshape,
  scatterAdd,
  select,
  sigmoid,
  slice,
  softmax,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  tanh,
  transpose,
  abs,
  argSort,
  cos,
  cumsum,
  einsum,
  erf,
  flip,
  logSumExp,
  pow,
  resize,
  sin,
  sort,
  topK,
  type Tensor,
} from '@gradpool/core'
import { type Field, type Trace } from '@gradpool/core/engine'
import fc from 'fast-check'
import { splitOf } from './compare.js'
import { WINDOW_CASES } from './window-cases.js'

/** Deterministic values in [-1, 1), none of them near another's rounding. */
export function values(size: number, salt: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => (((i + 1) * 7919 + salt * 104729) % 2003) / 1001.5 - 1)
}

export function f32(shape: number[], numExamples: number, salt: number): Field {
  return {
    dtype: 'f32',
    shape,
    values: values(numExamples * shape.reduce((a, b) => a * b, 1), salt),
  }
}

export const data = splitOf(
  {
    x: f32([7], 5, 1),
    y: f32([7], 5, 2),
    z: f32([3, 4], 5, 3),
    pixels: {
      dtype: 'u8',
      shape: [9],
      values: Uint8Array.from({ length: 45 }, (_, i) => (i * 37) % 256),
    },
    label: { dtype: 'u8', shape: [], values: Uint8Array.from([3, 0, 2, 2, 1]) },
    index: { dtype: 'i32', shape: [], values: Int32Array.from([4, 1, 1, 0, 3]) },
    outside: { dtype: 'i32', shape: [], values: Int32Array.from([-1, 4, 2 ** 31 - 1, -(2 ** 31), 5]) },
  },
  5,
)

export interface Fields {
  readonly x: Tensor
  readonly y: Tensor
  readonly z: Tensor
  readonly pixels: Tensor
  readonly label: Tensor
  readonly index: Tensor
  readonly outside: Tensor
}

export const OP_CASES: Record<string, (fields: Fields) => Tensor> = {
  neg: ({ x }) => neg(x),
  exp: ({ x }) => exp(mul(x, 5)),
  log: ({ x }) => log(add(abs(x), 0.1)),
  log1p: ({ x }) => log1p(mul(exp(mul(x, 20)), 1e-3)),
  'log1p of what is near 0': ({ x }) => mul(log1p(mul(x, 1e-7)), 1e7),
  sqrt: ({ x }) => sqrt(abs(x)),
  tanh: ({ x }) => tanh(mul(x, 3)),
  sigmoid: ({ x }) => sigmoid(mul(x, 9)),
  relu: ({ x }) => relu(x),
  sin: ({ x }) => sin(mul(x, 20)),
  'sin of what is large': ({ index, x }) => mul(sin(mul(cast(index, 'f32'), 2 ** 29)), sum(x, [1])),
  cos: ({ x }) => cos(mul(x, 20)),
  erf: ({ x }) => erf(mul(x, 3)),
  pow: ({ x, y }) => pow(add(abs(x), 0.1), mul(y, 5)),
  'pow, whole': ({ x }) => pow(x, 3),
  // Scaled back, since to tell tiny numbers from 0 is more than the comparison does.
  flush: ({ x }) => mul(flush(mul(x, 2e-38)), 5e37),
  'add broadcast row': ({ x, y }) => add(x, sum(y, [0])),
  'mul broadcast column': ({ x, y }) => mul(x, sum(y, [1], { keepDims: true })),
  'row and column': ({ x, y }) => add(sum(y, [0]), mul(x, sum(y, [1], { keepDims: true }))),
  'broadcast of both': ({ x, y }) => add(sum(y, [0], { keepDims: true }), sum(x, [1], { keepDims: true })),
  'broadcast middle': ({ z }) => add(z, sum(z, [1], { keepDims: true })),
  'broadcast twice': ({ x, z }) =>
    add(z, broadcastTo(reshape(broadcastTo(sum(x, [1], { keepDims: true }), [5, 4]), [5, 1, 4]), z.shape)),
  'broadcast twice to rows': ({ x, z }) =>
    mul(z, broadcastTo(broadcastTo(reshape(sum(slice(x, [0, 0], [3, 7]), [1]), [3, 1]), [3, 4]), z.shape)),
  'broadcast copied': ({ x }) => matmul(broadcastTo(sum(x, [0], { keepDims: true }), [5, 7]), x, { transposeB: true }),
  sub: ({ x, y }) => sub(x, y),
  div: ({ x, y }) => div(x, add(square(y), 0.5)),
  maximum: ({ x, y }) => maximum(x, y),
  minimum: ({ x, y }) => minimum(x, y),
  less: ({ x, y }) => less(x, y),
  lessEqual: ({ x, y }) => lessEqual(x, y),
  'equal on integers': ({ label, index }) => equal(cast(label, 'f32'), cast(index, 'f32')),
  select: ({ x, y }) => select(less(x, 0), x, y),
  stopGradient: ({ x }) => mul(stopGradient(x), x),
  'sum of all': ({ x }) => sum(mul(x, x)),
  'sum outer': ({ z }) => sum(z, [0]),
  'sum middle': ({ z }) => sum(z, [1]),
  'sum inner': ({ z }) => sum(z, [2]),
  'sum of axes apart': ({ z }) => sum(z, [0, 2]),
  'mean of axes apart': ({ z }) => mean(mul(z, 2), [0, 2], { keepDims: true }),
  'max of all': ({ x }) => max(x),
  'max inner': ({ z }) => max(z, [2]),
  'max of axes apart': ({ z }) => max(z, [0, 2]),
  argMax: ({ x }) => argMax(x),
  softmax: ({ x }) => softmax(mul(x, 4)),
  logSoftmax: ({ z }) => logSoftmax(z),
  logSumExp: ({ z }) => logSumExp(mul(z, 9), [0, 2]),
  sort: ({ x }) => mul(sort(x), x),
  'sort, descending': ({ z }) => mul(sort(z, { axis: 1, descending: true }), z),
  'sort of many': ({ x, y }) => sort(reshape(concat([x, y, mul(x, y)], 1), [5 * 21])),
  'sort of equals': ({ index, x }) => mul(sort(cast(index, 'f32'), { descending: true }), sum(x, [1])),
  argSort: ({ x }) => argSort(x),
  'argSort of equals': ({ x }) => argSort(cast(mul(x, 2), 'i32')),
  'the gradient of sort': ({ x }) =>
    mul(grad(sum(mul(sort(x), mul(sort(x, { descending: true }), x))), [x])[0] ?? x, x),
  topK: ({ x }) => topK(x, 3).values,
  'topK, places': ({ z }) => topK(z, 2).indices,
  reshape: ({ z }) => relu(reshape(add(z, 0.1), [15, 4])),
  transpose: ({ z }) => transpose(z, [2, 0, 1]),
  slice: ({ z }) => slice(z, [1, 0, 1], [3, 3, 2]),
  pad: ({ x }) => pad(x, [1, 2], [7, 10]),
  concat: ({ x, y }) => concat([x, square(y), x], 1),
  gather: ({ x, index }) => gather(x, index),
  'gather of bytes': ({ pixels, index }) => cast(gather(pixels, index), 'f32'),
  scatterAdd: ({ x, index }) => scatterAdd(x, index, 6),
  'gather outside': ({ x, outside }) => gather(x, outside),
  'gather of bytes outside': ({ pixels, outside }) => cast(gather(pixels, outside), 'f32'),
  'scatterAdd outside': ({ x, outside }) => scatterAdd(x, outside, 4),
  'oneHot outside': ({ outside }) => oneHot(outside, 4),
  'gather by numbers of two axes': ({ z, x }) => gather(z, cast(mul(x, 6), 'i32')),
  'gather along the last axis': ({ z, index }) => gather(z, index, { axis: 2 }),
  'gather along the middle': ({ z, label }) => gather(z, reshape(label, [5, 1]), { axis: 1 }),
  'scatterAdd by numbers of two axes': ({ z, x }) => scatterAdd(z, cast(mul(slice(x, [0, 0], [5, 3]), 4), 'i32'), 3),
  flip: ({ z }) => mul(flip(z, [0, 2]), z),
  'pad, reflected': ({ x }) => pad(x, [2, 3], [8, 11], { mode: 'reflect' }),
  'pad with the edge': ({ z }) => pad(z, [0, 2, 1], [5, 7, 6], { mode: 'edge' }),
  'pad with a value': ({ x }) => pad(x, [1, 0], [6, 8], { value: -3 }),
  'pad of pixels, reflected': ({ pixels }) => pad(pixels, [0, 2], [5, 13], { mode: 'reflect' }),
  'resize to the nearest': ({ z }) => resize(reshape(z, [5, 3, 4, 1]), [5, 2]),
  'resize, bilinear': ({ z }) => resize(reshape(z, [5, 3, 4, 1]), [2, 9], { mode: 'bilinear' }),
  cumsum: ({ x }) => cumsum(x),
  'cumsum, reversed': ({ z }) => cumsum(z, 1, { reverse: true }),
  'oneHot of u8': ({ label }) => oneHot(label, 4),
  'oneHot of i32': ({ index }) => oneHot(index, 5),
  'cast to i32': ({ x }) => cast(mul(x, 10), 'i32'),
  'cast of pixels': ({ pixels }) => mul(cast(pixels, 'f32'), 1 / 255),
  'pixels into matmul': ({ pixels }) => matmul(cast(pixels, 'f32'), cast(pixels, 'f32'), { transposeB: true }),
  matmul: ({ z }) => matmul(reshape(z, [5, 12]), reshape(z, [12, 5])),
  'matmul transposed left': ({ x, y }) => matmul(x, y, { transposeA: true }),
  'matmul transposed twice': ({ x, y }) => matmul(x, matmul(y, x, { transposeB: true }), { transposeA: true }),
  'matmul, bias, relu': ({ x, y }) => relu(add(matmul(x, y, { transposeA: true }), sum(x, [0]))),
  'matmul of stacks': ({ z }) => matmul(z, tanh(z), { transposeB: true }),
  'matmul of stacks transposed left': ({ z, x }) =>
    matmul(z, mul(reshape(concat([x, x, x], 1), [5, 3, 7]), 2), { transposeA: true }),
  'matmul of stacks of stacks': ({ z, x }) => {
    const heads = transpose(reshape(concat([z, tanh(z)], 2), [5, 3, 2, 4]), [0, 2, 1, 3])
    return softmax(mul(matmul(heads, heads, { transposeB: true }), add(sum(x), 0.5)))
  },
  'matmul of stacks, bias, relu': ({ z, x }) =>
    relu(add(matmul(z, tanh(z), { transposeA: true }), slice(sum(x, [0]), [0], [4]))),
  'matmul of stacks, transposed twice': ({ z }) =>
    matmul(z, reshape(tanh(z), [5, 4, 3]), { transposeA: true, transposeB: true }),
  'matmul of a stack and a matrix': ({ z, x }) => tanh(matmul(z, slice(x, [0, 0], [4, 7]))),
  'matmul of stacks that broadcast': ({ z, x }) =>
    matmul(reshape(slice(x, [0, 0], [2, 6]), [2, 1, 2, 3]), reshape(slice(z, [0, 0, 0], [4, 3, 4]), [4, 3, 4])),
  'a stack as rows, and back': ({ z, y }) => {
    const hidden = tanh(matmul(reshape(z, [15, 4]), slice(y, [0, 0], [4, 7])))
    return mean(reshape(hidden, [5, 3, 7]), [1])
  },
  'einsum of heads': ({ z }) => {
    const heads = reshape(z, [5, 3, 2, 2])
    return einsum('bhqk,bkhd->bqhd', softmax(einsum('bqhd,bkhd->bhqk', heads, tanh(heads))), heads)
  },
  'einsum of three': ({ x, y, z }) => einsum('bi,bj,bkl->bijl', x, tanh(y), z),
  'matmul used twice': ({ x, y }) => {
    const product = matmul(x, y, { transposeB: true })
    return matmul(relu(product), sub(product, 1))
  },
  ...WINDOW_CASES,
  'random uniform': ({ x }) => add(x, randomUniform([5, 7], 'noise')),
  'random normal': ({ x }) => add(x, randomNormal([5, 7], 'noise')),
}

export function fieldsOf(trace: {
  batch: (name: string, dtype: 'f32' | 'u8' | 'i32', shape: number[]) => Tensor
}): Fields {
  return {
    x: trace.batch('x', 'f32', [5, 7]),
    y: trace.batch('y', 'f32', [5, 7]),
    z: trace.batch('z', 'f32', [5, 3, 4]),
    pixels: trace.batch('pixels', 'u8', [5, 9]),
    label: trace.batch('label', 'u8', [5]),
    index: trace.batch('index', 'i32', [5]),
    outside: trace.batch('outside', 'i32', [5]),
  }
}

/** One step in the making of a random Program: which op, and which earlier tensors it takes. */
export type Choice = readonly [op: number, a: number, b: number]

/** Numbers of rows, from -2 to 7 for five of them; `salt` chooses which. */
function rowNumbers({ shape: [extent = 1] }: Tensor, salt: number): Tensor {
  return constant(Int32Array.from({ length: extent }, (_, i) => ((i * 7 + salt * 3) % (2 * extent)) - 2))
}

const SQUARE_OPS: readonly ((a: Tensor, b: Tensor, salt: number) => Tensor)[] = [
  (a, b) => add(a, b),
  (a, b) => mul(a, b),
  (a, b) => sub(a, b),
  (a) => tanh(a),
  (a) => relu(a),
  (a) => mul(a, 0.5),
  (a, b) => matmul(a, tanh(b)),
  (a, b) => matmul(tanh(a), b, { transposeB: true }),
  (a, b) => matmul(tanh(a), tanh(b), { transposeA: true }),
  (a, b) => add(a, mean(b, [0])),
  (a, b) => mul(a, mean(b, [1], { keepDims: true })),
  (a, b) => add(a, mean(b)),
  (a) => transpose(a),
  (a) => softmax(a),
  (a, b) => select(less(a, b), a, b),
  (a) => sigmoid(a),
  (a) => log1p(square(a)),
  (a, _, salt) => gather(a, rowNumbers(a, salt)),
  (a, _, salt) => scatterAdd(a, rowNumbers(a, salt), a.shape[0] ?? 1),
  (a, b, salt) => convolvedSquares(a, b, salt),
  (a) => sin(a),
  (a, b) => mul(erf(a), cos(b)),
  (a) => cumsum(tanh(a), 0),
  (a, _, salt) => flip(a, salt % 2),
  (a, b, salt) => stackedSquares(a, b, salt),
]

/**
 * A convolution of rows as one image of one channel, as images of a row, or as an image of as many channels as a row
 * has elements; sometimes pooled. `salt` chooses which.
 */
function convolvedSquares(a: Tensor, b: Tensor, salt: number): Tensor {
  const [extent = 1] = a.shape
  const taps = 1 + (salt % Math.min(3, extent))
  const options = { padding: 'same', dilations: 1 + ((salt >> 2) % 2) } as const
  const [image, filter] =
    salt % 2 === 0
      ? [reshape(a, [1, extent, extent, 1]), reshape(slice(b, [0, 0], [taps, taps]), [taps, taps, 1, 1])]
      : [reshape(a, [1, extent, extent]), reshape(slice(b, [0, 0], [taps, extent]), [taps, 1, extent])]
  const grouped = salt % 2 === 0 ? options : { ...options, groups: extent }
  const value = conv(tanh(image), tanh(filter), grouped)
  const pooled = (salt >> 3) % 2 === 0 ? value : maxPool(value, Math.min(2, extent), { strides: 1, padding: 'same' })
  return reshape(pooled, [extent, extent])
}

/** Each column of `a`, or row, times the row of `b` of its number, as a stack of products. */
function stackedSquares(a: Tensor, b: Tensor, salt: number): Tensor {
  const [extent = 1] = a.shape
  const rows = reshape(tanh(b), [extent, 1, extent])
  return salt % 2 === 0
    ? sum(matmul(reshape(tanh(a), [extent, extent, 1]), rows), 0)
    : reshape(matmul(reshape(tanh(a), [extent, 1, extent]), mul(rows, reshape(a, [extent, extent, 1]))), a.shape)
}

export function randomGraph(roots: readonly Tensor[], choices: readonly Choice[]): Tensor[] {
  const tensors = [...roots]
  for (const [op, a, b] of choices) {
    const left = tensors[a % tensors.length]
    const right = tensors[b % tensors.length]
    const build = SQUARE_OPS[op % SQUARE_OPS.length]
    if (left && right && build) tensors.push(build(left, right, b))
  }
  return tensors
}

export const choices = fc.array(fc.tuple(fc.nat(63), fc.nat(63), fc.nat(63)), {
  minLength: 1,
  maxLength: 25,
})

/**
 * Traces a random Program of two weights and a third state, all `[extent, extent]`, that are
 * updated by gradients of a random loss.
 */
export function randomTraining(extent: number, graph: readonly Choice[]): (trace: Trace) => void {
  return (trace) => {
    const shape = [extent, extent]
    const initializer = normal(0.5)
    const a = trace.state('a', shape, initializer)
    const b = trace.state('b', shape, initializer)
    const previous = trace.state('previous', shape, initializer)
    const tensors = randomGraph([trace.batch('x', 'f32', shape), a, b], graph)
    const loss = mean(square(tanh(tensors.at(-1) ?? a)))
    const [da, db] = grad(loss, [a, b])
    if (!da || !db) throw new Error('two gradients')
    trace.result('loss', loss)
    trace.result('before', a)
    trace.update('a', sub(a, mul(da, 0.1)))
    trace.update('b', sub(b, mul(add(db, mul(previous, 0.9)), 0.1)))
    trace.update('previous', a)
  }
}

/** 61 images of 9 pixels in 4 classes: sizes that no batch and no vector divides. */
export const oddExamples = splitOf(
  {
    image: {
      dtype: 'u8',
      shape: [9],
      values: Uint8Array.from({ length: 549 }, (_, i) => (i * 89) % 256),
    },
    label: {
      dtype: 'u8',
      shape: [],
      values: Uint8Array.from({ length: 61 }, (_, i) => (i * 7) % 4),
    },
  },
  61,
)
