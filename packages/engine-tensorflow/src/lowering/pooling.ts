/**
 * Max pooling, put together from comparisons of the taps of windows: TensorFlow's own op promises neither which of
 * equal elements it takes nor what it does with NaN.
 */
import { poolAxes, type NodeOf, tapsInside, type WindowAxis } from '@gradpool/core/engine'
import type { GraphBuilder, Ref } from '../graph/builder.js'
import { type Fitting, fitting } from './fitting.js'
import type { NodeValues } from './node-values.js'

export function lowerMaxPool(node: NodeOf<'maxPool'>, values: NodeValues): Ref {
  const [keys = -1, of = -1] = node.inputs
  const shape = values.program.node(keys).shape
  const windows = new Windows(values.builder, poolAxes(node.attributes, shape, node.shape), shape)
  const seen = windows.taps(values.of(of))
  return windows.better(values.of(keys)).reduce((value, isBetter, tap) => {
    return values.builder.add('SelectV2', 'float', [isBetter, seen[tap + 1] ?? value, value])
  }, seen[0] ?? '')
}

export function lowerMaxPoolSpread(node: NodeOf<'maxPoolSpread'>, values: NodeValues): Ref {
  const { builder, program } = values
  const [keys = -1, g = -1] = node.inputs
  const windows = new Windows(builder, poolAxes(node.attributes, node.shape, program.node(g).shape), node.shape)
  const better = windows.better(values.of(keys))
  const chosen = better.reduce(
    (tap, isBetter, i) => builder.add('SelectV2', 'int32', [isBetter, builder.constant(i + 1, 'int32'), tap]),
    builder.constant(0, 'int32', program.node(g).shape),
  )
  const zero = builder.constant(0, 'float')
  const parts = Array.from({ length: better.length + 1 }, (_, tap) => {
    const isChosen = builder.add('Equal', 'int32', [chosen, builder.constant(tap, 'int32')])
    return windows.spread(builder.add('SelectV2', 'float', [isChosen, values.of(g), zero]), tap)
  })
  return windows.fitting.unfit(parts.reduce((sum, part) => builder.add('AddV2', 'float', [sum, part])))
}

/** The windows of pooling, tap by tap in row-major order. */
class Windows {
  readonly fitting: Fitting
  readonly #builder: GraphBuilder
  readonly #axes: readonly WindowAxis[]
  readonly #examples: number
  readonly #channels: number
  /** The place of each tap in its window. */
  readonly #places: readonly (readonly number[])[]

  /** @param shape of what they slide over */
  constructor(builder: GraphBuilder, axes: readonly WindowAxis[], shape: readonly number[]) {
    this.#builder = builder
    this.#axes = axes
    this.#examples = shape[0] ?? 1
    this.#channels = shape.at(-1) ?? 1
    this.fitting = fitting(builder, axes)
    this.#places = axes.reduce<number[][]>(
      (places, { taps }) => places.flatMap((place) => Array.from({ length: taps }, (_, tap) => [...place, tap])),
      [[]],
    )
  }

  /** What each tap sees, `[examples, ...outputs, channels]`; 0 outside. */
  taps(x: Ref): Ref[] {
    const fitted = this.fitting.fit(x)
    return this.#places.map((place) => this.#strided('StridedSlice', [fitted, ...this.#reach(place)]))
  }

  /** Zeros as large as what windows slide over, with `y` where a tap sees. */
  spread(y: Ref, tap: number): Ref {
    const shape = this.#sizes([this.#examples, ...this.fitting.spatial, this.#channels])
    return this.#strided('StridedSliceGrad', [shape, ...this.#reach(this.#places[tap] ?? []), y])
  }

  /** For each tap but the first, whether its key is larger than all before it, or the first that is NaN. */
  better(keys: Ref): Ref[] {
    const builder = this.#builder
    const [first = keys, ...others] = this.taps(keys)
    let best = first
    return others.map((key, i) => {
      const isLarger = builder.add('Less', 'float', [best, key])
      const hadNumber = builder.add('LogicalNot', undefined, [builder.add('IsNan', 'float', [best])])
      const isFirstNaN = builder.add('LogicalAnd', undefined, [builder.add('IsNan', 'float', [key]), hadNumber])
      const wins = builder.add('LogicalOr', undefined, [isLarger, isFirstNaN])
      const isBetter = this.#amongInside(wins, this.#places[i + 1] ?? [])
      best = builder.add('SelectV2', 'float', [isBetter, key, best])
      return isBetter
    })
  }

  /** Never outside of the input, and always where no tap before was inside. */
  #amongInside(wins: Ref, place: readonly number[]): Ref {
    const ranges = this.#axes.map((axis) => Array.from({ length: axis.output }, (_, o) => tapsInside(axis, o)))
    const kinds = ranges.reduce<{ readonly isInside: boolean; readonly isFirst: boolean }[]>(
      (sofar, along, axis) => {
        const tap = place[axis] ?? 0
        return sofar.flatMap(({ isInside, isFirst }) =>
          along.map(({ first, end }) => ({
            isInside: isInside && tap >= first && tap < end,
            isFirst: isFirst && tap === first,
          })),
        )
      },
      [{ isInside: true, isFirst: true }],
    )
    const shape = [1, ...this.#axes.map(({ output }) => output), 1]
    const mask = (of: readonly boolean[]) => {
      return this.#builder.cast(this.#builder.constant(of.map(Number), 'int32', shape), 'int32', 'bool')
    }
    const [inside, firsts] = [kinds.map(({ isInside }) => isInside), kinds.map(({ isFirst }) => isFirst)]
    const within = inside.every(Boolean) ? wins : this.#builder.add('LogicalAnd', undefined, [wins, mask(inside)])
    return firsts.some(Boolean) ? this.#builder.add('LogicalOr', undefined, [within, mask(firsts)]) : within
  }

  #strided(op: 'StridedSlice' | 'StridedSliceGrad', inputs: readonly Ref[]): Ref {
    // The bit of the first axis: to the last example, however many there are.
    return this.#builder.add(op, 'float', inputs, { attributes: { end_mask: { int: 1 } } })
  }

  /** Where the first window's tap is, up to where, and how far the next window's. */
  #reach(place: readonly number[]): Ref[] {
    const ends = this.#axes.map(({ output, stride }, axis) => (place[axis] ?? 0) + (output - 1) * stride + 1)
    return [
      [0, ...place, 0],
      [0, ...ends, this.#channels],
      [1, ...this.#axes.map(({ stride }) => stride), 1],
    ].map((list) => this.#sizes(list))
  }

  #sizes(list: readonly number[]): Ref {
    return this.#builder.constant(list, 'int32')
  }
}
