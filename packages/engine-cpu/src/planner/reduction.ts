import type { Shape } from '@gradpool/core'
import { invariant, sizeOf } from '@gradpool/core/engine'

/**
 * How a reduction over adjacent axes lies in memory: over `count` rows of `inner` elements, `outer` times. Others have
 * been split; see lower.ts.
 */
export function reduction(shape: Shape, axes: readonly number[]): { outer: number; count: number; inner: number } {
  const first = axes[0] ?? 0
  const last = axes.at(-1) ?? -1
  invariant(last - first + 1 === axes.length, `axes [${axes.join(', ')}] are adjacent`)
  return {
    outer: sizeOf(shape.slice(0, first)),
    count: sizeOf(shape.slice(first, last + 1)),
    inner: sizeOf(shape.slice(last + 1)),
  }
}
