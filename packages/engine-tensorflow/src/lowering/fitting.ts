/** Windows that lie within a value: what they reach beyond it is zeros around it. */
import type { WindowAxis } from '@gradpool/core/engine'
import type { GraphBuilder, Ref } from '../graph/builder.js'

/** A value `[examples, ...spatial, channels]`, and its zeros. */
export interface Fitting {
  /** Of the value that windows slide over, without examples and channels. */
  readonly spatial: readonly number[]
  fit(x: Ref): Ref
  /** Back to the extents of the input; what fell on zeros is left out. */
  unfit(fitted: Ref): Ref
}

/** Exactly as far as the windows reach, by zeros, or without what no window sees. */
export function fitting(builder: GraphBuilder, axes: readonly WindowAxis[]): Fitting {
  const spatial = axes.map(({ output, stride, taps, dilation }) => (output - 1) * stride + (taps - 1) * dilation + 1)
  const seen = axes.map(({ before, input }, axis) => Math.min(input, (spatial[axis] ?? 0) - before))
  const behind = axes.map(({ before }, axis) => (spatial[axis] ?? 0) - before - (seen[axis] ?? 0))
  const unseen = axes.map(({ input }, axis) => input - (seen[axis] ?? 0))
  const before = axes.map((axis) => axis.before)
  const none = axes.map(() => 0)

  /** A block of this spatial extent that begins there, unless it is the whole. */
  const block = (x: Ref, starts: readonly number[], extents: readonly number[], whole: readonly number[]): Ref => {
    if (extents.every((extent, axis) => extent === whole[axis])) return x
    // All examples and channels, however many.
    const [begin, size] = [
      [0, ...starts, 0],
      [-1, ...extents, -1],
    ].map((list) => builder.constant(list, 'int32'))
    return builder.add('Slice', 'float', [x, begin ?? x, size ?? x])
  }
  const padded = (x: Ref, first: readonly number[], last: readonly number[]): Ref => {
    if ([...first, ...last].every((count) => count === 0)) return x
    const around = [0, 0, ...first.flatMap((count, axis) => [count, last[axis] ?? 0]), 0, 0]
    return builder.add('Pad', 'float', [x, builder.constant(around, 'int32', [around.length / 2, 2])])
  }
  const inputs = axes.map(({ input }) => input)
  return {
    spatial,
    fit: (x) => padded(block(x, none, seen, inputs), before, behind),
    unfit: (fitted) => padded(block(fitted, before, seen, spatial), none, unseen),
  }
}
