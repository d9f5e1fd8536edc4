/**
 * The order of stages: each when the one it starts from is done, the one with the longest path ahead first, and no more
 * at one time than there are workers.
 */
import { pathWork, type StageGraph, type StageNode } from './stage-graph.js'

export interface GraphOptions {
  /** How many may run at one time. */
  readonly limit: number
  /** Runs a stage; true when its dependents may start. Rejects only for a defect. */
  readonly run: (node: StageNode) => Promise<boolean>
  /** Once aborted, nothing more is started. */
  readonly signal?: AbortSignal | undefined
}

/** Fulfilled when nothing runs and nothing more can start. */
export async function runGraph(graph: StageGraph, options: GraphOptions): Promise<void> {
  const { limit, run, signal } = options
  const ready = new Set([...graph.values()].filter(({ plan }) => plan.initFrom === undefined))
  const running = new Set<Promise<void>>()

  const start = (node: StageNode) => {
    ready.delete(node)
    const ended = run(node).then((done) => {
      running.delete(ended)
      if (done) for (const dependent of node.dependents) ready.add(dependent)
    })
    running.add(ended)
  }

  for (;;) {
    while (running.size < limit && signal?.aborted !== true) {
      const next = longest(ready)
      if (next === undefined) break
      start(next)
    }
    if (running.size === 0) return
    await Promise.race(running)
  }
}

/** The first of equals. */
function longest(nodes: Iterable<StageNode>): StageNode | undefined {
  let best: { node: StageNode; work: number } | undefined
  for (const node of nodes) {
    const work = pathWork(node)
    if (best === undefined || work > best.work) best = { node, work }
  }
  return best?.node
}
