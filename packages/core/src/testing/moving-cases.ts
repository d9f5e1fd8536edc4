/**
 * Cases of the ops that move elements, choose rows, multiply matrices, or make values of their own.
 */
import * as tf from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { sizeOf } from '../program/dtype.js'
import * as core from '../index.js'
import { fillNormal, fillUniform, purposeOf } from '../random/random.js'
import {
  broadcastableShapes,
  caseOf,
  type Example,
  integersOf,
  type Operand,
  type OpCase,
  operandsOf,
  seeds,
  shapes,
  toFloat,
} from './examples.js'

/** From -1 on: indices of which some are outside. */
function around(indices: Operand): Operand {
  return { ...indices, values: indices.values.map((index) => index - 1) }
}

export const LAYOUT_CASES: readonly OpCase[] = [
  caseOf(
    'broadcastTo',
    fc.tuple(broadcastableShapes(2), seeds).map(([[joint = [], own = []], seed]): Example => ({
      operands: operandsOf([own], seed),
      ours: (x) => core.broadcastTo(x, joint),
      oracle: (x) => tf.add(x, tf.zeros(joint)),
    })),
  ),
  caseOf(
    'reshape',
    fc.tuple(shapes(), seeds, fc.nat({ max: 2 })).map(([shape, seed, way]): Example => {
      const target = [[-1], [...shape, 1], shape.toReversed()][way] ?? []
      return {
        operands: operandsOf([shape], seed),
        ours: (x) => core.reshape(x, target),
        oracle: (x) => tf.reshape(x, target),
      }
    }),
  ),
  caseOf(
    'transpose',
    fc.tuple(shapes(), seeds).chain(([shape, seed]) => {
      const axes = shape.map((_, axis) => axis)
      const permutation = fc.shuffledSubarray(axes, { minLength: shape.length })
      return fc.option(permutation, { nil: undefined }).map((chosen): Example => ({
        operands: operandsOf([shape], seed),
        ours: (x) => core.transpose(x, chosen),
        oracle: (x) => tf.transpose(x, chosen),
      }))
    }),
  ),
  caseOf(
    'slice',
    fc.tuple(shapes(1), seeds, seeds).map(([shape, seed, choice]): Example => {
      const starts = shape.map((extent, axis) => (choice >> axis) % extent)
      const sizes = shape.map((extent, axis) => {
        const longest = extent - (starts[axis] ?? 0)
        return 1 + ((choice >> (axis + 8)) % longest)
      })
      return {
        operands: operandsOf([shape], seed),
        ours: (x) => core.slice(x, starts, sizes),
        oracle: (x) => tf.slice(x, starts, sizes),
      }
    }),
  ),
  caseOf(
    'pad',
    fc.tuple(shapes(1), seeds, seeds).map(([shape, seed, choice]): Example => {
      const around = shape.map((_, axis): [number, number] => [(choice >> axis) % 3, (choice >> (axis + 8)) % 3])
      const padded = shape.map((extent, axis) => {
        const [before, after] = around[axis] ?? [0, 0]
        return before + extent + after
      })
      return {
        operands: operandsOf([shape], seed),
        ours: (x) =>
          core.pad(
            x,
            around.map(([before]) => before),
            padded,
          ),
        oracle: (x) => tf.pad(x, around),
      }
    }),
  ),
  caseOf(
    'concat',
    fc.tuple(shapes(1), seeds, seeds).map(([shape, seed, choice]): Example => {
      const axis = choice % shape.length
      const parts = Array.from({ length: 1 + (choice % 3) }, (_, part) => shape.with(axis, 1 + ((choice >> part) % 3)))
      return {
        operands: operandsOf(parts, seed),
        ours: (...xs) => core.concat(xs, axis - shape.length),
        oracle: (...xs) => tf.concat(xs, axis),
      }
    }),
  ),
]

export const ROW_AND_PRODUCT_CASES: readonly OpCase[] = [
  caseOf(
    'gather',
    fc.tuple(shapes(1), fc.integer({ min: 1, max: 6 }), seeds).map(([shape, count, seed]): Example => ({
      operands: [...operandsOf([shape], seed), around(integersOf([count], seed, 2 + (shape[0] ?? 1)))],
      ours: (table, indices) => core.gather(table, indices),
      // A row of zeros before the table, and one after it.
      oracle: (table, indices) =>
        tf.gather(
          tf.pad(
            table,
            shape.map((_, i) => (i === 0 ? [1, 1] : [0, 0])),
          ),
          tf.cast(tf.add(indices, 1), 'int32'),
        ),
    })),
  ),
  caseOf(
    'gather by numbers of any rank, along any axis',
    fc.tuple(shapes(1), shapes(), seeds).map(([shape, numbers, seed]): Example => {
      const axis = seed % shape.length
      return {
        operands: [...operandsOf([shape], seed), integersOf(numbers, seed, shape[axis] ?? 1)],
        ours: (table, indices) => core.gather(table, indices, { axis }),
        oracle: (table, indices) => tf.gather(table, tf.cast(indices, 'int32'), axis),
      }
    }),
  ),
  caseOf(
    'scatterAdd by numbers of any rank',
    fc.tuple(shapes(1), shapes(1), seeds).map(([row, numbers, seed]): Example => ({
      operands: [...operandsOf([[...numbers, ...row]], seed), integersOf(numbers, seed, 3)],
      ours: (updates, indices) => core.scatterAdd(updates, indices, 3),
      oracle: (updates, indices) => {
        const flat = tf.tensor1d(indices.dataSync(), 'int32')
        return tf.unsortedSegmentSum(tf.reshape(updates, [-1, ...row]), flat, 3)
      },
    })),
  ),
  caseOf(
    'scatterAdd',
    fc.tuple(shapes(1), fc.integer({ min: 1, max: 6 }), seeds).map(([shape, rows, seed]): Example => ({
      operands: [...operandsOf([shape], seed), around(integersOf([shape[0] ?? 1], seed, 2 + rows))],
      ours: (updates, indices) => core.scatterAdd(updates, indices, rows),
      // To a table with a row more before it, and one after it.
      oracle: (updates, indices) => {
        const table = tf.unsortedSegmentSum(updates, tf.tensor1d(tf.add(indices, 1).dataSync(), 'int32'), rows + 2)
        return tf.slice(table, 1, rows)
      },
    })),
  ),
  caseOf(
    'oneHot',
    fc.tuple(shapes(), seeds, fc.constantFrom('u8' as const, 'i32' as const)).map(([shape, seed, dtype]): Example => ({
      operands: [integersOf(shape, seed, 5, dtype)],
      ours: (x) => core.oneHot(x, 5),
      oracle: (x) => toFloat(tf.oneHot(tf.cast(x, 'int32'), 5)),
    })),
    false,
  ),
  caseOf(
    'matmul',
    fc
      .tuple(
        fc.tuple(...[1, 2, 3].map(() => fc.integer({ min: 1, max: 5 }))),
        fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }),
        fc.boolean(),
        fc.boolean(),
        seeds,
      )
      .map(([[m = 1, k = 1, n = 1], stack, transposeA, transposeB, seed]): Example => ({
        operands: operandsOf(
          [
            [...stack, ...(transposeA ? [k, m] : [m, k])],
            [...stack, ...(transposeB ? [n, k] : [k, n])],
          ],
          seed,
        ),
        ours: (a, b) => core.matmul(a, b, { transposeA, transposeB }),
        oracle: (a, b) => tf.matMul(a, b, transposeA, transposeB),
      })),
  ),
]

export const LEAF_CASES: readonly OpCase[] = [
  caseOf(
    'constant',
    fc.tuple(shapes(), seeds).map(([shape, seed]): Example => {
      const values = operandsOf([shape], seed)[0]?.values ?? []
      return {
        operands: [],
        ours: () => core.constant(values, shape),
        oracle: () => tf.tensor([...values], shape, 'float32'),
      }
    }),
    false,
  ),
  ...[
    { name: 'randomUniform', ours: core.randomUniform, fill: fillUniform },
    { name: 'randomNormal', ours: core.randomNormal, fill: fillNormal },
  ].map(({ name, ours, fill }) =>
    caseOf(
      name,
      shapes().map((shape): Example => {
        const expected = new Float32Array(sizeOf(shape))
        fill(expected, 0, purposeOf('noise'), 0)
        return { operands: [], ours: () => ours(shape, 'noise'), expected: [...expected] }
      }),
      false,
    ),
  ),
]
