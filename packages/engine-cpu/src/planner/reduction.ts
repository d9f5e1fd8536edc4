import type { Shape } from '@gradpool/core'
import { invariant, sizeOf } from '@gradpool/core/engine'
import type { Graph } from './graph.js'

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

/**
 * A sum that a pointwise program can make beside its elements: of all of them; or of the rows of each of `parts` equal
 * parts of them, a number for each column. Undefined for other nodes.
 */
export function rowSums(graph: Graph, index: number): { readonly columns: number; readonly parts: number } | undefined {
  const node = graph.node(index)
  if (node.op !== 'sum' || node.attributes.segments !== undefined) return undefined
  const { outer, inner } = reduction(graph.node(node.inputs[0] ?? 0).shape, node.attributes.axes)
  if (graph.size(index) === 1) return { columns: 1, parts: 1 }
  return inner > 1 && outer > 0 ? { columns: inner, parts: outer } : undefined
}
