/** Worker threads that run spans together. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

const SOURCE = `
  const { parentPort, workerData } = require('node:worker_threads')
  import(workerData).then(({ executeChunk }) => {
    parentPort.on('message', (task) => parentPort.postMessage(executeChunk(task)))
  })
`

export class Threads {
  #workers

  constructor(engine, count) {
    this.#workers = Array.from(
      { length: count },
      () => new Worker(SOURCE, { eval: true, workerData: engine.workerModule }),
    )
  }

  /** Runs a span on as many threads. @returns the last loss */
  async run(execution, steps, workers) {
    const tasks = execution.begin(steps, { workers })
    const outcomes = tasks.map(async (task, index) => {
      const answer = once(this.#workers[index], 'message')
      this.#workers[index].postMessage(task)
      const [outcome] = await answer
      return outcome
    })
    const { status, lastLoss } = execution.finish(await Promise.all(outcomes))
    if (status !== 'done') throw new Error(`a span ended with "${status}"`)
    return lastLoss
  }

  async close() {
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }
}
