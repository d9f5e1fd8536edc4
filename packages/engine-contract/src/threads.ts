/**
 * Worker threads that run chunks together, as a pool would.
 */
import type { Engine, Execution, ChunkOutcome, ChunkResult, ChunkTask } from '@gradpool/core/engine'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

const SOURCE = `
  const { parentPort, workerData } = require('node:worker_threads')
  import(workerData).then(({ executeChunk }) => {
    parentPort.on('message', async (task) => parentPort.postMessage(await executeChunk(task)))
  })
`

export class Threads {
  readonly #workers: readonly Worker[]
  /** What each does last. */
  readonly #last = new Map<Worker, Promise<ChunkOutcome>>()

  constructor(engine: Engine, count: number) {
    this.#workers = Array.from(
      { length: count },
      () => new Worker(SOURCE, { eval: true, execArgv: [], workerData: engine.workerModule }),
    )
  }

  /** Runs a chunk, one task a thread. */
  async run(execution: Execution, steps: number, workers: number): Promise<ChunkResult> {
    return execution.finish(await this.execute(execution.begin(steps, { workers })))
  }

  execute(tasks: readonly ChunkTask[]): Promise<ChunkOutcome[]> {
    return Promise.all(tasks.map((task, index) => this.#execute(index, task)))
  }

  /** A thread has one task at a time, so that each answer is that of its own task, whatever a test has left behind. */
  #execute(index: number, task: ChunkTask): Promise<ChunkOutcome> {
    const worker = this.#workers[index]
    if (worker === undefined) throw new Error(`there are ${this.#workers.length} threads`)
    const answer = (this.#last.get(worker) ?? Promise.resolve()).then(async () => {
      const message = once(worker, 'message')
      worker.postMessage(task)
      const [outcome] = (await message) as [ChunkOutcome]
      return outcome
    })
    this.#last.set(
      worker,
      answer.catch(() => undefined),
    )
    return answer
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }
}
