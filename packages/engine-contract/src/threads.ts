/**
 * Worker threads that run chunks, alone or together, as a pool would: each starts with its first chunk, and stays,
 * since to load an engine's library takes some of them longer than a test.
 */
import type { Engine, Execution, ChunkOutcome, ChunkResult, ChunkTask } from '@gradpool/core/engine'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** That the suite of engines runs a chunk on. */
export const MOST_THREADS = 3

const SOURCE = `
  const { parentPort, workerData } = require('node:worker_threads')
  import(workerData).then(({ executeChunk }) => {
    parentPort.on('message', async (task) => parentPort.postMessage(await executeChunk(task)))
  })
`

export class Threads {
  readonly #engine: Engine
  readonly #count: number
  readonly #workers = new Map<number, Worker>()
  /** What each does last. */
  readonly #last = new Map<Worker, Promise<ChunkOutcome>>()

  constructor(engine: Engine, count: number) {
    this.#engine = engine
    this.#count = count
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
    const worker = this.#worker(index)
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

  #worker(index: number): Worker {
    const started = this.#workers.get(index)
    if (started !== undefined) return started
    if (index >= this.#count) throw new Error(`there are ${this.#count} threads`)
    const worker = new Worker(SOURCE, { eval: true, execArgv: [], workerData: this.#engine.workerModule })
    this.#workers.set(index, worker)
    return worker
  }

  async close(): Promise<void> {
    await Promise.all([...this.#workers.values()].map((worker) => worker.terminate()))
  }
}
