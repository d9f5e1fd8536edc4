/** What a Program keeps from step to step without reading it, such as the decoder of an autoencoder that only encodes. */
import { Program } from '@gradpool/core'

/** The same Program without the states that it neither reads nor changes. */
export function withoutUnreadStates(program: Program): Program {
  const { nodes, inputs, updates, results } = program
  const read = new Set([
    ...nodes.flatMap((node) => node.inputs),
    ...[...updates, ...results].map(({ node }) => node),
  ])
  const changed = new Set(updates.map(({ name }) => name))
  const unread = new Set(
    inputs
      .filter(({ role, name, node }) => role === 'state' && !read.has(node) && !changed.has(name))
      .map(({ node }) => node),
  )
  const places = new Map<number, number>()
  nodes.forEach((_, index) => {
    if (!unread.has(index)) places.set(index, places.size)
  })
  const moved = (node: number) => places.get(node) ?? 0
  const renumbered = <T extends { readonly node: number }>(items: readonly T[]) =>
    items
      .filter(({ node }) => !unread.has(node))
      .map((item) => ({ ...item, node: moved(item.node) }))
  return new Program({
    nodes: nodes
      .filter((_, index) => !unread.has(index))
      .map((node) => ({ ...node, inputs: node.inputs.map(moved) })),
    inputs: renumbered(inputs),
    updates: renumbered(updates),
    results: renumbered(results),
  })
}
