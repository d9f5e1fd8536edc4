/**
 * Cases of ops that are made of others: turned, bordered and resized values, running sums, and products by Einstein's
 * notation. Where tfjs has no such op, or no gradient of it, the same is written by its ops that have one.
 */
import * as tf from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import * as core from '../index.js'
import { caseOf, type Example, type OpCase, operandsOf, seeds, shapes } from './examples.js'

/** The elements along each axis at these places of it. */
function taken(x: tf.Tensor, places: readonly (readonly number[])[]): tf.Tensor {
  return places.reduce<tf.Tensor>((sofar, along, axis) => tf.gather(sofar, [...along], axis), x)
}

/** Borders around a tensor whose axes have two elements or more; `reflected` says what is there. */
function bordered(name: string, mode: 'reflect' | 'edge', placeOf: (place: number, extent: number) => number): OpCase {
  const wide = shapes(1).map((shape) => shape.map((extent) => extent + 1))
  return caseOf(
    name,
    fc.tuple(wide, seeds).map(([shape, seed]): Example => {
      const before = shape.map((extent, axis) => (seed >> axis) % (extent + 2))
      const padded = shape.map((extent, axis) => (before[axis] ?? 0) + extent + ((seed >> (axis + 8)) % (extent + 1)))
      const places = padded.map((extent, axis) =>
        Array.from({ length: extent }, (_, i) => placeOf(i - (before[axis] ?? 0), shape[axis] ?? 1)),
      )
      return {
        operands: operandsOf([shape], seed),
        ours: (x) => core.pad(x, before, padded, { mode }),
        oracle: (x) => taken(x, places),
      }
    }),
  )
}

/** tfjs's own has a wrong gradient. */
function runningSums(x: tf.Tensor, axis: number, reverse: boolean): tf.Tensor {
  const others = [...x.shape.keys()].filter((each) => each !== axis)
  const extent = x.shape[axis] ?? 1
  const rows = tf.reshape(tf.transpose(x, [...others, axis]), [-1, extent])
  const summed = Array.from({ length: extent }, (_, i) =>
    Array.from({ length: extent }, (_, j) => Number(reverse ? i >= j : i <= j)),
  )
  const sums = tf.reshape(tf.matMul(rows, tf.tensor2d(summed)), [...others.map((each) => x.shape[each] ?? 1), extent])
  return tf.transpose(
    sums,
    others
      .toSpliced(axis, 0, others.length)
      .map((_, place) => (place === axis ? others.length : place < axis ? place : place - 1)),
  )
}

/** Images of up to three spatial axes, and other sizes of them. */
const resizings = fc
  .array(fc.record({ from: fc.integer({ min: 1, max: 4 }), to: fc.integer({ min: 1, max: 7 }) }), {
    minLength: 1,
    maxLength: 3,
  })
  .map((axes) => ({ shape: [2, ...axes.map(({ from }) => from), 2], sizes: axes.map(({ to }) => to) }))

/** What part of each element of a row of `from` is in each of a row of `to`: [to, from]. */
function bilinearWeights(from: number, to: number): number[][] {
  return Array.from({ length: to }, (_, i) => {
    const centre = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1)
    return Array.from({ length: from }, (_, j) => Math.max(0, 1 - Math.abs(centre - j)))
  })
}

export const REARRANGING_CASES: readonly OpCase[] = [
  caseOf(
    'flip',
    fc.tuple(shapes(1), seeds).map(([shape, seed]): Example => {
      const axes = shape.map((_, axis) => axis).filter((axis) => ((seed >> axis) & 1) === 1)
      return {
        operands: operandsOf([shape], seed),
        ours: (x) => core.flip(x, axes.length === shape.length ? undefined : axes),
        oracle: (x) => tf.reverse(x, axes),
      }
    }),
  ),
  bordered('pad, reflected', 'reflect', (place, extent) => {
    const turned = Math.abs(place) % (2 * extent - 2)
    return Math.min(turned, 2 * extent - 2 - turned)
  }),
  bordered('pad with the edge', 'edge', (place, extent) => Math.min(Math.max(place, 0), extent - 1)),
  caseOf(
    'pad with a value',
    fc.tuple(shapes(1), seeds).map(([shape, seed]): Example => {
      const around = shape.map((_, axis): [number, number] => [(seed >> axis) % 3, (seed >> (axis + 8)) % 3])
      const padded = shape.map((extent, axis) => extent + (around[axis]?.[0] ?? 0) + (around[axis]?.[1] ?? 0))
      const before = around.map(([first]) => first)
      return {
        operands: operandsOf([shape], seed),
        ours: (x) => core.pad(x, before, padded, { value: 1.5 }),
        oracle: (x) => tf.pad(x, around, 1.5),
      }
    }),
  ),
  caseOf(
    'resize to the nearest',
    fc.tuple(resizings, seeds).map(([{ shape, sizes }, seed]): Example => {
      const all = (extent: number) => Array.from({ length: extent }, (_, i) => i)
      const places = sizes.map((size, axis) =>
        all(size).map((i) => Math.floor(((i + 0.5) * (shape[axis + 1] ?? 1)) / size)),
      )
      return {
        operands: operandsOf([shape], seed),
        ours: (x) => core.resize(x, sizes),
        oracle: (x) => taken(x, [all(2), ...places]),
      }
    }),
  ),
  caseOf(
    'resize, bilinear',
    fc.tuple(resizings, seeds).map(([{ shape, sizes }, seed]): Example => ({
      operands: operandsOf([shape], seed),
      ours: (x) => core.resize(x, sizes, { mode: 'bilinear' }),
      // Each spatial axis in turn is the last, is multiplied, and becomes the first of those that follow the examples.
      oracle: (x) =>
        tf.transpose(
          sizes.reduceRight<tf.Tensor>(
            (sofar, size, i) => {
              const axes = [...sofar.shape.keys()]
              const weights = tf.tensor2d(bilinearWeights(shape[i + 1] ?? 1, size))
              const rows = tf.reshape(sofar, [-1, sofar.shape.at(-1) ?? 1])
              const product = tf.reshape(tf.matMul(rows, weights, false, true), sofar.shape.with(-1, size))
              return tf.transpose(product, [0, 1, axes.length - 1, ...axes.slice(2, -1)])
            },
            tf.transpose(x, [0, shape.length - 1, ...sizes.map((_, i) => i + 1)]),
          ),
          [0, ...sizes.map((_, i) => i + 2), 1],
        ),
    })),
  ),
  ...[false, true].map((reverse) =>
    caseOf(
      reverse ? 'cumsum, reversed' : 'cumsum',
      fc.tuple(shapes(1), seeds).map(([shape, seed]): Example => {
        const axis = seed % shape.length
        return {
          operands: operandsOf([shape], seed),
          ours: (x) => core.cumsum(x, axis, { reverse }),
          oracle: (x) => runningSums(x, axis, reverse),
        }
      }),
    ),
  ),
]

const NOTATIONS = [
  'ij,jk->ik',
  'ij,kj->ik',
  'ji,jk->ik',
  'bij,bjk->bik',
  'bqhd,bkhd->bhqk',
  'bhqk,bkhd->bqhd',
  'ij,ij->ij',
  'ij,ij->',
  'ij,k->kij',
  'ij->ji',
  'ij->j',
  'ijk->',
  'ij,jk',
  'i,j',
  'abc,cd,db->ad',
  'ij,i,j->ij',
  'ib,jb,kb->ijk',
  'aib,bjc->ac',
] as const

/** The same by a product of all, each broadcast to all letters, and a sum. */
function einsum(notation: string, operands: readonly tf.Tensor[]): tf.Tensor {
  const [inputs = '', declared] = notation.split('->')
  const all = [...new Set(inputs.replaceAll(',', ''))].sort()
  const count = (letter: string) => inputs.split(letter).length - 1
  const output = Array.from(declared ?? all.filter((letter) => count(letter) === 1))
  const spread = inputs.split(',').map((axes, i) => {
    const x = operands[i] ?? tf.scalar(0)
    const sorted = Array.from(axes).sort()
    const inOrder = tf.transpose(
      x,
      sorted.map((letter) => axes.indexOf(letter)),
    )
    return tf.reshape(
      inOrder,
      all.map((letter) => (axes.includes(letter) ? (x.shape[axes.indexOf(letter)] ?? 1) : 1)),
    )
  })
  const full = spread.reduce<number[]>(
    (shape, x) => shape.map((extent, i) => Math.max(extent, x.shape[i] ?? 1)),
    all.map(() => 1),
  )
  const product = spread.map((x) => tf.add(x, tf.zeros(full))).reduce<tf.Tensor>((a, b) => tf.mul(a, b), tf.ones(full))
  const gone = [...all.keys()].filter((axis) => !output.includes(all[axis] ?? ''))
  const kept = all.filter((letter) => output.includes(letter))
  return tf.transpose(
    tf.sum(product, gone),
    output.map((letter) => kept.indexOf(letter)),
  )
}

export const EINSUM_CASES: readonly OpCase[] = NOTATIONS.map((notation) =>
  caseOf(
    `einsum ${notation}`,
    fc
      .tuple(fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 26, maxLength: 26 }), seeds)
      .map(([extents, seed]): Example => {
        const [inputs = ''] = notation.split('->')
        const shapeOf = (axes: string) => Array.from(axes).map((letter) => extents[letter.charCodeAt(0) - 97] ?? 1)
        return {
          operands: operandsOf(inputs.split(',').map(shapeOf), seed),
          ours: (...operands) => core.einsum(notation, ...operands),
          oracle: (...operands) => einsum(notation, operands),
        }
      }),
  ),
)
