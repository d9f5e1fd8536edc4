/**
 * Runs steps for callers that wait for each: short ones in this thread, where the way to another
 * would take longer, and others on worker threads, which are started when first needed and do not
 * keep the process alive.
 */
import { flopsOf, type ChunkResult, type Engine } from '@gradpool/core/engine'
import { enginePool, type EnginePool } from '../threads/engine-pool.js'
import { runTogether } from '../threads/team.js'
import { runFed, type Fed } from '../windows/compile-fed.js'

/** Half a millisecond on one core, or less. */
const SHORT_FLOPS = 5e6

const never = new AbortController().signal

export class StepRunner {
  /** The most threads that run a step together. */
  readonly workers: number
  readonly #engine: Engine
  #pool: EnginePool | undefined

  constructor(engine: Engine, workers: number) {
    this.#engine = engine
    this.workers = workers
  }

  /**
   * @throws WorkerDied where a thread ended; what was written to the states is worth nothing then
   */
  async run(fed: Fed, steps: number): Promise<ChunkResult> {
    const { execution } = fed
    const flops = steps * flopsOf(execution.program.program)
    if (flops <= SHORT_FLOPS) return runFed(fed, steps, (run) => execution.run(run))
    this.#pool ??= enginePool(this.#engine, this.workers, () => undefined)
    const pool = this.#pool
    return runFed(fed, steps, async (run) => {
      const [round] = await runTogether(pool, [{ execution, ...run }], this.workers, never)
      const result = round?.results[0]
      if (result === undefined) throw new Error('a chunk gives a result')
      return result
    })
  }

  async close(): Promise<void> {
    await this.#pool?.close()
    this.#pool = undefined
  }
}
