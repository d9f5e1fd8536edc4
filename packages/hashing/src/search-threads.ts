/**
 * Worker threads that search shares of an index's rows, which lie in memory that all of them see. They
 * are those of @gradpool/worker-pool.
 */
import { UserError } from '@gradpool/core'
import { PackedCodes, type NearBounds, type NearRows } from '@gradpool/engine-cpu'
import { createPool, type WorkerPool } from '@gradpool/worker-pool'

export class SearchThreads {
  readonly workers: number
  readonly #pool: WorkerPool
  #areClosed = false

  /** @param workers how many threads */
  constructor(workers: number) {
    this.workers = workers
    const { workerModule } = PackedCodes
    this.#pool = createPool({ workers, workerModule, exportName: 'executeChunk' })
  }

  /**
   * What `PackedCodes.near` gives, each thread having looked at its share of the rows.
   *
   * @throws UserError when the threads were closed, WorkerDied when a thread ends first
   */
  async near(packed: PackedCodes, queries: Uint8Array, bounds: NearBounds): Promise<NearRows[]> {
    if (this.#areClosed) throw new UserError('the threads were closed, and cannot search')
    const scan = packed.begin(queries, bounds, this.workers)
    // All are waited for, since they write to memory that is another search's afterwards.
    const outcomes = await Promise.allSettled(scan.tasks.map((task) => this.#pool.run([task])))
    const failed = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failed === undefined) return scan.finish()
    scan.abandon()
    throw failed.reason
  }

  /** Ends the threads; a search under way fails. */
  close(): Promise<void> {
    this.#areClosed = true
    return this.#pool.close()
  }
}
