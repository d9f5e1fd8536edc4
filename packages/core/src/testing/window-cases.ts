/**
 * Cases of convolution and pooling.
 *
 * tfjs has no convolution with groups, none with strides and dilations both, and gradients of dilated ones are missing
 * too. So the oracle is put together from products: one matrix for each tap of the window says which element of the
 * input each window finds there. Cases named after an op of tfjs compare with that op itself.
 */
import * as tf from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import type { Shape } from '../program/dtype.js'
import * as core from '../index.js'
import { caseOf, type Example, type OpCase, operandsOf, seeds, toFloat } from './examples.js'

/** One spatial axis. */
interface Along {
  readonly input: number
  readonly taps: number
  readonly stride: number
  readonly dilation: number
}

/** Windows over one to three spatial axes. */
interface Windows {
  readonly axes: readonly Along[]
  readonly padding: core.Padding
  readonly examples: number
  readonly channels: number
  /** Filters, or channels of a group. */
  readonly more: number
  readonly groups: number
  readonly seed: number
}

const upTo = (max: number, min = 1) => fc.integer({ min, max })

/** Extent 1, strides beyond the window, and windows larger than the input are among them. */
function windows({ dilated = true, ranks = upTo(3) } = {}): fc.Arbitrary<Windows> {
  return ranks.chain((rank) => {
    const along = fc.record({
      input: upTo(rank === 3 ? 3 : 5),
      taps: upTo(rank === 3 ? 2 : 3),
      stride: upTo(4),
      dilation: dilated ? upTo(2) : fc.constant(1),
    })
    return fc
      .record({
        axes: fc.array(along, { minLength: rank, maxLength: rank }),
        way: fc.nat(3),
        examples: upTo(2),
        channels: upTo(2),
        more: upTo(2),
        groups: upTo(2),
        seed: seeds,
      })
      .map(({ way, ...rest }) => ({ ...rest, padding: paddingOf(rest.axes, way, rest.seed) }))
  })
}

const widthOf = ({ taps, dilation }: Along) => (taps - 1) * dilation + 1

/** One of the ways to say a padding with which windows fit. */
function paddingOf(axes: readonly Along[], way: number, seed: number): core.Padding {
  const least = Math.min(...axes.map(widthOf)) - 1
  const fits = (around: number) => axes.every((axis) => axis.input + 2 * around >= widthOf(axis))
  if (way === 0 && fits(0)) return 'valid'
  if (way === 1 && fits(least)) return least
  if (way === 2) {
    return axes.map((axis, i) => {
      const after = (seed >> (i + 3)) % widthOf(axis)
      const needed = widthOf(axis) - axis.input - after
      const before = Math.max(needed, (seed >> i) % widthOf(axis))
      return before < widthOf(axis) ? ([before, after] as const) : widthOf(axis) - 1
    })
  }
  return 'same'
}

/** Zeros before an axis, and the number of its windows. */
function placesAlong(axis: Along, padding: core.Padding, i: number): { before: number; output: number } {
  const [width, { input, stride }] = [widthOf(axis), axis]
  if (padding === 'same') {
    const output = Math.ceil(input / stride)
    return { before: Math.floor(Math.max((output - 1) * stride + width - input, 0) / 2), output }
  }
  const around = padding === 'valid' ? 0 : typeof padding === 'number' ? padding : (padding[i] ?? 0)
  const [before, after] = typeof around === 'number' ? [around, around] : around
  return { before, output: Math.floor((before + input + after - width) / stride) + 1 }
}

/** For each tap, in row-major order, a matrix `[outputs, inputs]` with a one where the window finds an element. */
function tapMatrices({ axes, padding }: Windows): tf.Tensor2D[] {
  let taps: number[][][] = [[[1]]]
  axes.forEach((axis, i) => {
    const { before, output } = placesAlong(axis, padding, i)
    const own = Array.from({ length: axis.taps }, (_, tap) =>
      Array.from({ length: output }, (_, o) =>
        Array.from({ length: axis.input }, (_, at) => Number(at === o * axis.stride + tap * axis.dilation - before)),
      ),
    )
    taps = taps.flatMap((sofar) => own.map((matrix) => kronecker(sofar, matrix)))
  })
  return taps.map((matrix) => tf.tensor2d(matrix))
}

function kronecker(a: readonly number[][], b: readonly number[][]): number[][] {
  return a.flatMap((rowA) => b.map((rowB) => rowA.flatMap((x) => rowB.map((y) => x * y))))
}

/** What each tap finds: `[examples, outputs, channels]`. */
function found(tap: tf.Tensor2D, x: tf.Tensor): tf.Tensor {
  return alongPositions(x, (flat) => tf.matMul(tap, flat))
}

/** What windows give back to the elements that they found: `[examples, inputs, channels]`. */
function spread(tap: tf.Tensor2D, y: tf.Tensor): tf.Tensor {
  return alongPositions(y, (flat) => tf.matMul(tap, flat, true))
}

/** Computes with `[positions, examples * channels]`. */
function alongPositions(x: tf.Tensor, compute: (flat: tf.Tensor) => tf.Tensor): tf.Tensor {
  const [examples, channels] = [x.shape[0], x.shape.at(-1) ?? 1]
  const first = tf.transpose(tf.reshape(x, [examples, -1, channels]), [1, 0, 2])
  const computed = compute(tf.reshape(first, [-1, examples * channels]))
  return tf.transpose(tf.reshape(computed, [-1, examples, channels]), [1, 0, 2])
}

const outputsOf = ({ axes, padding }: Windows) => axes.map((axis, i) => placesAlong(axis, padding, i).output)
const inputsOf = ({ axes }: Windows) => axes.map(({ input }) => input)
const tapsOf = ({ axes }: Windows) => axes.map(({ taps }) => taps)

/** Of all groups together. */
function shapesOf(w: Windows): { x: Shape; filter: Shape; y: Shape } {
  const [channels, filters] = [w.groups * w.channels, w.groups * w.more]
  return {
    x: [w.examples, ...inputsOf(w), channels],
    filter: [...tapsOf(w), w.channels, filters],
    y: [w.examples, ...outputsOf(w), filters],
  }
}

function optionsOf({ axes, padding, groups }: Windows): core.ConvolutionOptions {
  const strides = axes.map(({ stride }) => stride)
  return { strides, dilations: axes.map(({ dilation }) => dilation), padding, groups }
}

type Oracle = NonNullable<Example['oracle']>

/** `compute` of the channels of each group by themselves, side by side. */
function byGroups({ groups }: Windows, compute: Oracle): Oracle {
  const ofGroup = (operand: tf.Tensor, group: number): tf.Tensor => {
    const channels = (operand.shape.at(-1) ?? 1) / groups
    const start = operand.shape.map((_, axis) => (axis === operand.rank - 1 ? group * channels : 0))
    return tf.slice(operand, start, [...operand.shape.slice(0, -1), channels])
  }
  return (...operands) => {
    const parts = Array.from({ length: groups }, (_, group) =>
      compute(...operands.map((operand) => ofGroup(operand, group))),
    )
    return tf.concat(parts, -1)
  }
}

/** The matrix `[channels, filters]` of a tap. */
function matrixOf(filter: tf.Tensor, tap: number): tf.Tensor {
  const [channels = 1, filters = 1] = filter.shape.slice(-2)
  return tf.reshape(tf.gather(tf.reshape(filter, [-1, channels, filters]), [tap]), [channels, filters])
}

/** Examples and positions in one. */
function rowsOf(x: tf.Tensor): tf.Tensor {
  return tf.reshape(x, [-1, x.shape.at(-1) ?? 1])
}

const add = (terms: readonly tf.Tensor[]) => tf.addN([...terms])

function convOracle(w: Windows): Oracle {
  const taps = tapMatrices(w)
  return byGroups(w, (x, filter) => {
    const terms = taps.map((tap, i) => tf.matMul(rowsOf(found(tap, x)), matrixOf(filter, i)))
    return tf.reshape(add(terms), [w.examples, ...outputsOf(w), -1])
  })
}

function convTransposeOracle(w: Windows): Oracle {
  const taps = tapMatrices(w)
  return byGroups(w, (y, filter) => {
    const terms = taps.map((tap, i) => {
      const back = tf.matMul(rowsOf(y), matrixOf(filter, i), false, true)
      return spread(tap, tf.reshape(back, [w.examples, -1, w.channels]))
    })
    return tf.reshape(add(terms), [w.examples, ...inputsOf(w), -1])
  })
}

function convFilterOracle(w: Windows): Oracle {
  const taps = tapMatrices(w)
  return byGroups(w, (x, y) => {
    const matrices = taps.map((tap) => tf.matMul(rowsOf(found(tap, x)), rowsOf(y), true))
    return tf.reshape(tf.stack(matrices), [...tapsOf(w), w.channels, -1])
  })
}

/** What each tap finds, along a new first axis; far below all values where that is outside. */
function candidates(w: Windows, x: tf.Tensor): tf.Tensor {
  return tf.stack(
    tapMatrices(w).map((tap) => {
      const outside = tf.mul(tf.sub(1, tf.sum(tap, 1, true)), -1e6)
      return tf.add(found(tap, x), outside)
    }),
  )
}

function maxPoolOracle(w: Windows): Oracle {
  return (x) => tf.reshape(tf.max(candidates(w, x), 0), [w.examples, ...outputsOf(w), -1])
}

function maxPoolSpreadOracle(w: Windows): Oracle {
  const taps = tapMatrices(w)
  return (keys, y) => {
    // Keys only choose, so that tfjs need not differentiate this.
    const seen = candidates(w, tf.tensor(keys.dataSync(), keys.shape))
    const isLargest = toFloat(tf.equal(seen, tf.max(seen, 0, true)))
    const terms = tf
      .unstack(isLargest)
      .map((mask, i) => spread(taps[i] ?? tf.zeros([1, 1]), tf.mul(mask, tf.reshape(y, mask.shape))))
    return tf.add(tf.reshape(add(terms), keys.shape), tf.mul(keys, 0))
  }
}

function averagePoolOracle(w: Windows): Oracle {
  const taps = tapMatrices(w)
  return (x) => {
    const sums = add(taps.map((tap) => found(tap, x)))
    const counts = add(taps.map((tap) => tf.sum(tap, 1, true)))
    return tf.reshape(tf.div(sums, counts), [w.examples, ...outputsOf(w), -1])
  }
}

/** The gradient of a sum, weighted by `y`, by one of what it is made of: the ops that have no name of their own. */
function gradientOf(value: core.Tensor, y: core.Tensor, by: core.Tensor): core.Tensor {
  const [gradient = by] = core.grad(core.sum(core.mul(value, y)), [by])
  return gradient
}

function convolution(name: string, make: (w: Windows) => Example): OpCase {
  return caseOf(name, windows().map(make))
}

function pooling(name: string, make: (w: Windows) => Example): OpCase {
  return caseOf(
    name,
    windows({ dilated: false }).map((w) => make({ ...w, more: w.channels })),
  )
}

/**
 * Windows over `rank` axes as tfjs has them: in one group, without padding in numbers, for which it takes axes to be
 * alike, and without strides beyond the window, for which it begins its 'same' windows behind the first element.
 */
function plain(rank: number): fc.Arbitrary<Windows> {
  return windows({ dilated: false, ranks: fc.constant(rank) }).map((w) => ({
    ...w,
    groups: 1,
    axes: w.axes.map((axis) => ({ ...axis, stride: Math.min(axis.stride, axis.taps) })),
    padding: padOf(w),
  }))
}

const padOf = ({ padding }: Windows) => (padding === 'valid' ? 'valid' : 'same')

/** One for each axis, as tuples of tfjs are. */
function pair({ axes }: Windows, of: keyof Along): [number, number] {
  return [axes[0]?.[of] ?? 1, axes[1]?.[of] ?? 1]
}

function triple({ axes }: Windows, of: keyof Along): [number, number, number] {
  return [axes[0]?.[of] ?? 1, axes[1]?.[of] ?? 1, axes[2]?.[of] ?? 1]
}

const convExample = (w: Windows, oracle: Oracle): Example => ({
  operands: operandsOf([shapesOf(w).x, shapesOf(w).filter], w.seed),
  ours: (x, filter) => core.conv(x, filter, optionsOf(w)),
  oracle,
})

const poolExample = (w: Windows, oracle: Oracle): Example => ({
  operands: operandsOf([[w.examples, ...inputsOf(w), w.channels]], w.seed),
  ours: (x) => core.maxPool(x, tapsOf(w), poolingOf(w)),
  oracle,
})

function poolingOf({ axes, padding }: Windows): core.PoolingOptions {
  return { strides: axes.map(({ stride }) => stride), padding }
}

export const WINDOW_CASES: readonly OpCase[] = [
  convolution('conv', (w) => convExample(w, convOracle(w))),
  caseOf(
    'conv as conv1d',
    plain(1).map((w) =>
      convExample(w, (x, filter) => tf.conv1d(x as tf.Tensor3D, filter as tf.Tensor3D, pair(w, 'stride')[0], padOf(w))),
    ),
  ),
  caseOf(
    'conv as conv2d',
    plain(2).map((w) =>
      convExample(w, (x, filter) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, pair(w, 'stride'), padOf(w))),
    ),
  ),
  caseOf(
    'conv as conv3d',
    plain(3).map((w) =>
      convExample(w, (x, filter) => tf.conv3d(x as tf.Tensor5D, filter as tf.Tensor5D, triple(w, 'stride'), padOf(w))),
    ),
  ),
  caseOf(
    'conv as depthwiseConv2d',
    plain(2).map((w): Example => {
      // tfjs has `more` filters for each channel as an axis of their own.
      const filter = [...tapsOf(w), 1, w.channels * w.more]
      return {
        operands: operandsOf([shapesOf(w).x, filter], w.seed),
        ours: (x, filter) => core.conv(x, filter, { ...optionsOf(w), groups: w.channels }),
        oracle: (x, filter) => {
          const apart = tf.reshape(filter, [...tapsOf(w), w.channels, w.more])
          return tf.depthwiseConv2d(x as tf.Tensor4D, apart as tf.Tensor4D, pair(w, 'stride'), padOf(w))
        },
      }
    }),
  ),
  convolution('convTranspose', (w) => ({
    operands: operandsOf([shapesOf(w).y, shapesOf(w).filter], w.seed),
    ours: (y, filter) => core.convTranspose(y, filter, { ...optionsOf(w), outputs: inputsOf(w) }),
    oracle: convTransposeOracle(w),
  })),
  caseOf(
    'convTranspose as conv2dTranspose',
    plain(2).map((w): Example => {
      const { x, y, filter } = shapesOf(w)
      return {
        operands: operandsOf([y, filter], w.seed),
        ours: (y, filter) => core.convTranspose(y, filter, { ...optionsOf(w), outputs: inputsOf(w) }),
        oracle: (y, filter) => {
          const shape = [x[0] ?? 1, x[1] ?? 1, x[2] ?? 1, x[3] ?? 1] as [number, number, number, number]
          return tf.conv2dTranspose(y as tf.Tensor4D, filter as tf.Tensor4D, shape, pair(w, 'stride'), padOf(w))
        },
      }
    }),
  ),
  convolution('the gradient of conv by its filter', (w) => ({
    operands: operandsOf([shapesOf(w).x, shapesOf(w).y], w.seed),
    ours: (x, y) => {
      const filter = core.constant(1, shapesOf(w).filter)
      return gradientOf(core.conv(x, filter, optionsOf(w)), y, filter)
    },
    oracle: convFilterOracle(w),
  })),
  pooling('maxPool', (w) => poolExample(w, maxPoolOracle(w))),
  caseOf(
    'maxPool as maxPool of tfjs',
    plain(2).map((w) =>
      poolExample(w, (x) => tf.maxPool(x as tf.Tensor4D, pair(w, 'taps'), pair(w, 'stride'), padOf(w))),
    ),
  ),
  pooling('the gradient of maxPool', (w) => ({
    operands: operandsOf(
      [
        [w.examples, ...inputsOf(w), w.channels],
        [w.examples, ...outputsOf(w), w.channels],
      ],
      w.seed,
    ),
    ours: (x, y) => gradientOf(core.maxPool(x, tapsOf(w), poolingOf(w)), y, x),
    oracle: maxPoolSpreadOracle(w),
  })),
  pooling('averagePool', (w) => ({
    operands: operandsOf([[w.examples, ...inputsOf(w), w.channels]], w.seed),
    ours: (x) => core.averagePool(x, tapsOf(w), poolingOf(w)),
    oracle: averagePoolOracle(w),
  })),
  caseOf(
    'averagePool as avgPool of tfjs',
    plain(2)
      .filter(({ padding }) => padding === 'valid')
      .map((w) => ({
        operands: operandsOf([[w.examples, ...inputsOf(w), w.channels]], w.seed),
        ours: (x) => core.averagePool(x, tapsOf(w), poolingOf(w)),
        oracle: (x) => tf.avgPool(x as tf.Tensor4D, pair(w, 'taps'), pair(w, 'stride'), 'valid'),
      })),
  ),
]
