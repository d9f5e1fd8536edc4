/**
 * A worker thread for predictions that would hold up the event loop, started when it is first
 * needed.
 */
import type { Engine } from '@gradpool/core'
import type { WorkerPool } from '@gradpool/worker-pool'
import type { CompiledRows } from './compiled-rows.js'

export class PredictionThread {
  readonly #engine: Engine
  #pool: Promise<WorkerPool> | undefined

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /**
   * Runs the rows that are loaded. One call at a time. @throws WorkerDied when the thread ends
   * first
   */
  async run(compiled: CompiledRows): Promise<void> {
    const pool = await (this.#pool ??= this.#open())
    compiled.finish(await pool.run(compiled.begin()))
  }

  async close(): Promise<void> {
    await (await this.#pool)?.close()
  }

  async #open(): Promise<WorkerPool> {
    // Most models never need it.
    const { createPool } = await import('@gradpool/worker-pool')
    const { workerModule } = this.#engine
    return createPool({ workers: 1, workerModule, exportName: 'executeChunk' })
  }
}
