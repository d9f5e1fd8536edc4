/**
 * The order of stages: each when the one it starts from is done, the one with the longest path ahead first, in no more
 * places at one time than there are workers. Several that train as a stack take one place.
 */
import { pathCost, type StageGraph, type StageNode } from './stage-graph.js'

export interface GraphOptions {
  /** How many places there are. */
  readonly limit: number
  /** What to start in one place: the next one, and any others that are ready. */
  readonly choose: (
    next: StageNode,
    ready: ReadonlySet<StageNode>,
    free: number,
  ) => readonly StageNode[]
  /** Runs stages in one place; of each, true when its dependents may start. None rejects but for a defect. */
  readonly run: (nodes: readonly StageNode[]) => readonly Promise<boolean>[]
  /** Once aborted, nothing more is started. */
  readonly signal?: AbortSignal | undefined
}

/** Fulfilled when nothing runs and nothing more can start. */
export async function runGraph(graph: StageGraph, options: GraphOptions): Promise<void> {
  const { limit, choose, run, signal } = options
  const ready = new Set([...graph.values()].filter(({ plan }) => plan.startsFrom === undefined))
  const running = new Set<Promise<void>>()
  let free = limit

  const start = (nodes: readonly StageNode[]) => {
    free--
    let left = nodes.length
    for (const node of nodes) ready.delete(node)
    for (const [i, whenEnded] of run(nodes).entries()) {
      const ended = whenEnded.then((done) => {
        running.delete(ended)
        left--
        if (left === 0) free++
        if (done) for (const dependent of nodes[i]?.dependents ?? []) ready.add(dependent)
      })
      running.add(ended)
    }
  }

  for (;;) {
    while (free > 0 && signal?.aborted !== true) {
      const next = longest(ready)
      if (next === undefined) break
      start(choose(next, ready, free))
    }
    if (running.size === 0) return
    await Promise.race(running)
  }
}

/** The first of equals. */
function longest(nodes: Iterable<StageNode>): StageNode | undefined {
  let best: { node: StageNode; cost: number } | undefined
  for (const node of nodes) {
    const cost = pathCost(node)
    if (best === undefined || cost > best.cost) best = { node, cost }
  }
  return best?.node
}
