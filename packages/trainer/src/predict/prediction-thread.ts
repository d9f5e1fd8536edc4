/**
 * A worker thread for predictions that would hold up the event loop, started when it is first
 * needed.
 */
import type { Engine } from '@gradpool/core/engine'
import { createPool, type WorkerPool } from '@gradpool/worker-pool'
import type { CompiledRows } from './compiled-rows.js'

export class PredictionThread {
  readonly #engine: Engine
  #pool: WorkerPool | undefined

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /**
   * Runs the rows that are loaded. One call at a time. @throws WorkerDied when the thread ends
   * first
   */
  async run(compiled: CompiledRows): Promise<void> {
    const { workerModule } = this.#engine
    this.#pool ??= createPool({ workers: 1, workerModule, exportName: 'executeChunk' })
    compiled.finish(await this.#pool.run(compiled.begin()))
  }

  async close(): Promise<void> {
    await this.#pool?.close()
  }
}
