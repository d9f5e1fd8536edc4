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
export function runGraph(graph: StageGraph, options: GraphOptions): Promise<void> {
  const { limit, run, signal } = options
  const ready = new ReadyStages([...graph.values()].filter(({ plan }) => plan.initFrom === undefined))
  let running = 0
  return new Promise((resolve, reject) => {
    const startMore = () => {
      while (running < limit && signal?.aborted !== true) {
        const node = ready.take()
        if (node === undefined) break
        running++
        void run(node).then((done) => {
          running--
          if (done) for (const dependent of node.dependents) ready.add(dependent)
          startMore()
        }, reject)
      }
      if (running === 0) resolve()
    }
    startMore()
  })
}

/** Stages that can start, in the order in which they do. */
class ReadyStages {
  /** The next one is the last. */
  readonly #nodes: { readonly node: StageNode; readonly work: number }[] = []

  constructor(nodes: readonly StageNode[]) {
    for (const node of nodes) this.#nodes.push({ node, work: pathWork(node) })
    this.#nodes.reverse().sort((a, b) => a.work - b.work)
  }

  /** Of equals, those that were there before come first. */
  add(node: StageNode): void {
    const work = pathWork(node)
    let [from, to] = [0, this.#nodes.length]
    while (from < to) {
      const middle = (from + to) >> 1
      if ((this.#nodes[middle]?.work ?? 0) < work) from = middle + 1
      else to = middle
    }
    this.#nodes.splice(from, 0, { node, work })
  }

  take(): StageNode | undefined {
    return this.#nodes.pop()?.node
  }
}
