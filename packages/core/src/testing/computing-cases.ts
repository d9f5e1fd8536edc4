/**
 * Cases of the ops that compute: element by element, and along axes.
 */
import * as tf from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import * as core from '../index.js'
import {
  broadcastableShapes,
  caseOf,
  type Example,
  integersOf,
  type OpCase,
  operandsOf,
  seeds,
  shapes,
  toFloat,
} from './examples.js'

type Ours = Example['ours']
type Oracle = NonNullable<Example['oracle']>

/** `x` broadcast against others, for ops of tfjs whose gradients do not know how to. */
const spread = (x: tf.Tensor, ...others: tf.Tensor[]) =>
  others.reduce((sofar, other) => tf.add(sofar, tf.zerosLike(other)), x)

/** One operand of any shape. */
function unary(
  name: string,
  ours: Ours,
  oracle: Oracle,
  { low = -2, high = 2, minRank = 0, hasGradient = true } = {},
): OpCase {
  const examples = fc.tuple(shapes(minRank), seeds).map(([shape, seed]) => ({
    operands: operandsOf([shape], seed, low, high),
    ours,
    oracle,
  }))
  return { name, hasGradient, examples }
}

/** Two operands whose shapes broadcast to one; either may be the smaller. */
function broadcasting(name: string, ours: Ours, oracle: Oracle, { low = -2, high = 2 } = {}): OpCase {
  const examples = fc.tuple(broadcastableShapes(2), seeds, fc.boolean()).map(([operandShapes, seed, turned]) => {
    const inOrder = turned ? operandShapes.toReversed() : operandShapes
    return { operands: operandsOf(inOrder, seed, low, high), ours, oracle }
  })
  return { name, hasGradient: true, examples }
}

/** A comparison, of small integers, so that many are equal. */
function comparison(name: string, ours: Ours, oracle: Oracle): OpCase {
  const examples = fc.tuple(broadcastableShapes(2), seeds).map(([operandShapes, seed]) => ({
    operands: operandsOf(operandShapes, seed, 0, 3).map((operand) => ({
      ...operand,
      values: operand.values.map(Math.floor),
    })),
    ours,
    oracle: (...operands: tf.Tensor[]) => toFloat(oracle(...operands)),
  }))
  return { name, hasGradient: false, examples }
}

type Axes = number[] | undefined
type Reduce<T> = (x: T, axes: Axes, keepDims: boolean) => T

/** A reduction over some, all, or negative axes. */
function reduction(name: string, ours: Reduce<core.Tensor>, oracle: Reduce<tf.Tensor>): OpCase {
  const examples = fc.tuple(shapes(1), seeds, fc.boolean()).chain(([shape, seed, keepDims]) => {
    const axes = fc.oneof(
      fc.constantFrom<Axes[]>(undefined, [-1]),
      fc.subarray(
        shape.map((_, axis) => axis),
        { minLength: 1 },
      ),
    )
    return axes.map((chosen): Example => ({
      operands: operandsOf([shape], seed),
      ours: (x) => ours(x, chosen, keepDims),
      oracle: (x) => oracle(x, chosen, keepDims),
    }))
  })
  return { name, hasGradient: true, examples }
}

export const ELEMENTWISE_CASES: readonly OpCase[] = [
  unary('neg', core.neg, tf.neg),
  unary('exp', core.exp, tf.exp),
  unary('log', core.log, tf.log, { low: 0.5, high: 3 }),
  unary('log1p', core.log1p, tf.log1p, { low: -0.5, high: 3 }),
  unary('sqrt', core.sqrt, tf.sqrt, { low: 0.5, high: 3 }),
  unary('tanh', core.tanh, tf.tanh),
  unary('sigmoid', core.sigmoid, tf.sigmoid),
  unary('relu', core.relu, tf.relu),
  unary('abs', core.abs, tf.abs),
  unary('sin', core.sin, tf.sin),
  unary('cos', core.cos, tf.cos),
  unary('erf', core.erf, tf.erf),
  unary(
    'pow of a number',
    (x) => core.pow(x, 3),
    (x) => tf.mul(x, tf.mul(x, x)),
  ),
  unary('pow of 2', (x) => core.pow(x, 2), tf.square),
  unary('square', core.square, tf.square),
  unary('flush', core.flush, tf.clone),
  unary('flushBelow', (x) => core.flushBelow(x, 2 ** -40), tf.clone),
  unary('stopGradient', core.stopGradient, tf.clone, { hasGradient: false }),
  broadcasting('add', core.add, tf.add),
  broadcasting('sub', core.sub, tf.sub),
  broadcasting('mul', core.mul, tf.mul),
  broadcasting('div', core.div, tf.div, { low: 0.5, high: 3 }),
  broadcasting('pow', core.pow, tf.pow, { low: 0.5, high: 3 }),
  broadcasting('maximum', core.maximum, (a, b) => tf.maximum(spread(a, b), spread(b, a))),
  broadcasting('minimum', core.minimum, (a, b) => tf.minimum(spread(a, b), spread(b, a))),
  comparison('less', core.less, tf.less),
  comparison('lessEqual', core.lessEqual, tf.lessEqual),
  comparison('greater', core.greater, tf.greater),
  comparison('greaterEqual', core.greaterEqual, tf.greaterEqual),
  comparison('equal', core.equal, tf.equal),
  comparison('notEqual', core.notEqual, tf.notEqual),
  caseOf(
    'select',
    fc.tuple(broadcastableShapes(3), seeds).map(([[first = [], condition = [], second = []], seed]): Example => ({
      operands: [integersOf(condition, seed, 2), ...operandsOf([first, second], seed)],
      ours: core.select,
      oracle: (x, a, b) => tf.where(tf.cast(spread(x, a, b), 'bool'), spread(a, x, b), spread(b, x, a)),
    })),
  ),
  unary(
    'an op with a number',
    (x) => core.sub(1.5, x),
    (x) => tf.sub(1.5, x),
  ),
  caseOf(
    'cast',
    fc.tuple(shapes(), seeds, fc.constantFrom('u8' as const, 'i32' as const)).map(([shape, seed, dtype]): Example => ({
      operands: [integersOf(shape, seed, 200, dtype)],
      ours: (x) => core.cast(x, 'f32'),
      oracle: toFloat,
    })),
    false,
  ),
]

type Order = (row: number[]) => number[]

const ascending: Order = (row) => [...row.keys()].sort((a, b) => (row[a] ?? 0) - (row[b] ?? 0))
const descending: Order = (row) => [...row.keys()].sort((a, b) => (row[b] ?? 0) - (row[a] ?? 0))

/** The first elements of each row of the last axis in an order; tfjs's own ops of it have no gradient. */
function inOrder(x: tf.Tensor, order: Order, count = x.shape.at(-1) ?? 1): tf.Tensor {
  const width = x.shape.at(-1) ?? 1
  const values = [...x.dataSync()]
  const places = Array.from({ length: x.size / width }, (_, row) =>
    order(values.slice(row * width, (row + 1) * width))
      .slice(0, count)
      .map((place) => row * width + place),
  )
  return tf.reshape(tf.gather(tf.reshape(x, [x.size]), places.flat()), x.shape.with(-1, count))
}

export const ORDER_CASES: readonly OpCase[] = [
  unary(
    'sort',
    (x) => core.sort(x),
    (x) => inOrder(x, ascending),
    { minRank: 1 },
  ),
  unary(
    'sort, descending',
    (x) => core.sort(x, { descending: true }),
    (x) => inOrder(x, descending),
    { minRank: 1 },
  ),
  unary(
    'sort along the first axis',
    (x) => core.sort(x, { axis: 0 }),
    (x) => {
      const axes = [...x.shape.keys()]
      return tf.transpose(inOrder(tf.transpose(x, [...axes.slice(1), 0]), ascending), [
        axes.length - 1,
        ...axes.slice(0, -1),
      ])
    },
    { minRank: 1 },
  ),
  unary(
    'topK',
    (x) => core.topK(x, 1).values,
    (x) => inOrder(x, descending, 1),
    { minRank: 1 },
  ),
  caseOf(
    'the gradient of sort',
    fc.tuple(shapes(1), seeds, fc.boolean()).map(([shape, seed, isDescending]): Example => ({
      operands: operandsOf([shape, shape], seed),
      ours: (keys, g) => {
        const sorted = core.sort(keys, { descending: isDescending })
        return core.grad(core.sum(core.mul(sorted, g)), [keys])[0] ?? keys
      },
      oracle: (keys, g) => {
        const order = isDescending ? descending : ascending
        const width = shape.at(-1) ?? 1
        const rows = tf.reshape(keys, [-1, width]).arraySync() as number[][]
        const places = rows.flatMap((row, r) => ascending(order(row)).map((place) => r * width + place))
        return tf.add(tf.reshape(tf.gather(tf.reshape(g, [-1]), places), [...shape]), tf.mul(keys, 0))
      },
    })),
  ),
  unary(
    'argSort',
    (x) => core.cast(core.argSort(x), 'f32'),
    (x) => {
      const rows = tf.reshape(x, [-1, x.shape.at(-1) ?? 1]).arraySync() as number[][]
      return tf.tensor(rows.flatMap(ascending), x.shape, 'float32')
    },
    { minRank: 1, hasGradient: false },
  ),
]

export const REDUCTION_CASES: readonly OpCase[] = [
  reduction('sum', (x, axes, keepDims) => core.sum(x, axes, { keepDims }), tf.sum),
  reduction('mean', (x, axes, keepDims) => core.mean(x, axes, { keepDims }), tf.mean),
  reduction('max', (x, axes, keepDims) => core.max(x, axes, { keepDims }), tf.max),
  unary(
    'argMax',
    (x) => core.cast(core.argMax(x), 'f32'),
    (x) => toFloat(tf.argMax(x, -1)),
    { minRank: 1, hasGradient: false },
  ),
  reduction('logSumExp', (x, axes, keepDims) => core.logSumExp(x, axes, { keepDims }), tf.logSumExp),
  unary('softmax', core.softmax, (x) => tf.softmax(x), { minRank: 1 }),
  unary('logSoftmax', core.logSoftmax, (x) => tf.logSoftmax(x), { minRank: 1 }),
]
