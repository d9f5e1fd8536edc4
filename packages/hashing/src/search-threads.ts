/** Worker threads (of @gradpool/worker-pool) that search an index together, each some of its rows, in shared memory. */
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
    this.#pool = createPool({ workers, workerModule, exportName: 'executeScan' })
  }

  /**
   * Returns what `PackedCodes.near` returns. Each thread scans some of the rows.
   *
   * @throws UserError if the threads were closed, WorkerDied if a thread ends before
   */
  async near(packed: PackedCodes, queries: Uint8Array, bounds: NearBounds): Promise<NearRows[]> {
    if (this.#areClosed) throw new UserError('the threads were closed, and cannot search')
    const scan = packed.begin(queries, bounds, this.workers)
    // Wait for all tasks, since they write to memory that another search will use.
    const outcomes = await Promise.allSettled(scan.tasks.map((task) => this.#pool.run([task])))
    const failed = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failed === undefined) return scan.finish()
    scan.abandon()
    throw failed.reason
  }

  /** Ends the threads; a search in progress fails. */
  close(): Promise<void> {
    this.#areClosed = true
    return this.#pool.close()
  }
}
