/**
 * Which elementwise nodes are better computed where they are used than where their operands are made.
 *
 * What a forward pass makes for the gradient alone, such as the mask of a ReLU or 1 - y² of a tanh, would be stored
 * until then. If all that it is made of is stored that long anyway, the kernel that uses it computes it: nothing is
 * stored for it, and mostly nothing more is read.
 */
import type { Graph } from './graph.js'

/** By node, whether it waits for those that use it. */
export function laterNodes(graph: Graph): readonly boolean[] {
  const { length } = graph.program.nodes
  const stages = stagesOf(graph)
  const { kept } = graph
  /** Whether all that use it are elementwise, and of later stages or themselves used later. */
  const isUsedLater = new Array<boolean>(length).fill(true)
  /** The last stage at which a node is read. */
  const lastUses = new Array<number>(length).fill(-1)
  /** The same, of those users that do not wait. */
  const storedUntil = new Array<number>(length).fill(-1)
  for (const index of graph.computed.toReversed()) {
    const stage = stages[index] ?? -1
    const isElementwise = graph.microOp(index) !== undefined
    if (!isElementwise || kept.has(index) || lastUses[index] === -1) isUsedLater[index] = false
    const waits = isUsedLater[index] === true
    const use = waits ? (lastUses[index] ?? stage) : stage
    for (const read of graph.dependencies(index)) {
      lastUses[read] = Math.max(lastUses[read] ?? -1, use)
      if (!waits) storedUntil[read] = Math.max(storedUntil[read] ?? -1, use)
      const isLate = isElementwise && graph.size(read) === graph.size(index) && use > (stages[read] ?? -1)
      if (!isLate) isUsedLater[read] = false
    }
  }
  const isLater = new Array<boolean>(length).fill(false)
  for (const index of graph.computed) {
    if (isUsedLater[index] !== true) continue
    const isThereAnyway = (read: number): boolean =>
      graph.isLeaf(read) || kept.has(read) || (storedUntil[read] ?? -1) >= (lastUses[index] ?? -1)
    isLater[index] = graph
      .views(index)
      .every(({ kind, node }) => kind !== 'full' || isLater[node] === true || isThereAnyway(node))
  }
  return isLater
}

/** The last node that no pointwise program computes, of those that a node depends on. */
function stagesOf(graph: Graph): number[] {
  const stages: number[] = []
  for (const index of graph.computed) {
    stages[index] = index
    if (graph.microOp(index) === undefined) continue
    let last = -1
    for (const read of graph.dependencies(index)) last = Math.max(last, stages[read] ?? -1)
    stages[index] = last
  }
  return stages
}
