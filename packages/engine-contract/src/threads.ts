/**
 * Worker threads that run spans together, as a pool would.
 */
import type { Engine, Execution, SpanOutcome, SpanResult, SpanTask } from '@gradpool/core'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

const SOURCE = `
  const { parentPort, workerData } = require('node:worker_threads')
  import(workerData).then(({ executeSpan }) => {
    parentPort.on('message', async (task) => parentPort.postMessage(await executeSpan(task)))
  })
`

export class Threads {
  readonly #workers: readonly Worker[]

  constructor(engine: Engine, count: number) {
    this.#workers = Array.from(
      { length: count },
      () => new Worker(SOURCE, { eval: true, execArgv: [], workerData: engine.workerModule }),
    )
  }

  /** Runs a span, one task a thread. */
  async run(execution: Execution, steps: number, workers: number): Promise<SpanResult> {
    return execution.finish(await this.execute(execution.begin(steps, { workers })))
  }

  execute(tasks: readonly SpanTask[]): Promise<SpanOutcome[]> {
    return Promise.all(tasks.map((task, index) => this.#execute(index, task)))
  }

  async #execute(index: number, task: SpanTask): Promise<SpanOutcome> {
    const worker = this.#workers[index]
    if (worker === undefined) throw new Error(`there are ${this.#workers.length} threads`)
    const answer = once(worker, 'message')
    worker.postMessage(task)
    const [outcome] = (await answer) as [SpanOutcome]
    return outcome
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }
}
