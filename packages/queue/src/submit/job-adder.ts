/** Adds jobs to a queue, many at once, for as long as it takes: a queue that does not answer loses none of them. */
import { setTimeout } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { JobQueue } from '../connection/open-queue.js'
import { jobId } from '../queue/job-id.js'
import { bandedPriority, readQueued, stageOptions, type QueuedStage } from '../queue/queued-stage.js'
import type { StageReturn } from '../queue/stage-news.js'

const MOST_AT_ONCE = 200
const AGAIN_MS = 1000

interface Waiting {
  readonly queued: QueuedStage
  readonly numOutstanding: number
  readonly onAdded: () => void
}

export class JobAdder {
  readonly #queue: JobQueue<QueuedStage, StageReturn>
  readonly #onError: (error: unknown) => void
  #waiting: Waiting[] = []
  #isAdding = false
  #isClosed = false

  constructor(queue: JobQueue<QueuedStage, StageReturn>, onError: (error: unknown) => void) {
    this.#queue = queue
    this.#onError = onError
  }

  /** Fulfilled when it is in the queue, or never once this is closed. */
  add(queued: QueuedStage, numOutstanding: number): Promise<void> {
    return new Promise((onAdded) => {
      this.#waiting.push({ queued, numOutstanding, onAdded })
      if (!this.#isAdding) void this.#addAll()
    })
  }

  close(): void {
    this.#isClosed = true
  }

  async #addAll(): Promise<void> {
    this.#isAdding = true
    // What is asked for at the same time goes together.
    await setTimeout(0)
    while (this.#waiting.length > 0 && !this.#isClosed) {
      const some = this.#waiting.slice(0, MOST_AT_ONCE)
      try {
        await this.#addSome(some)
        this.#waiting = this.#waiting.slice(some.length)
        for (const { onAdded } of some) onAdded()
      } catch (error) {
        this.#onError(error)
        await setTimeout(AGAIN_MS, undefined, { ref: false })
      }
    }
    this.#isAdding = false
  }

  async #addSome(some: readonly Waiting[]): Promise<void> {
    const ids = some.map(({ queued }) => jobId(queued.job))
    const states = await Promise.all(ids.map((id) => this.#queue.getJobState(id)))
    // One that failed before would stand in the way.
    const over = ids.filter((_, index) => states[index] === 'failed' || states[index] === 'completed')
    await Promise.all(over.map((id) => this.#queue.remove(id)))
    const there = some.filter((_, index) =>
      ['waiting', 'prioritized', 'delayed', 'active'].includes(states[index] ?? ''),
    )
    await Promise.all(there.map(({ queued }) => this.#renew(queued)))
    await this.#queue.addBulk(
      some.map(({ queued, numOutstanding }) => ({
        name: queued.job.title.name,
        data: queued,
        opts: stageOptions(jobId(queued.job), bandedPriority(queued.priority, numOutstanding)),
      })),
    )
  }

  /** One that is there already may have another store, that of a process that ended, or was to be stopped. */
  async #renew(queued: QueuedStage): Promise<void> {
    const job = await this.#queue.getJob(jobId(queued.job))
    const before = readQueued(job?.data)
    if (job === undefined || before === undefined) return
    const { store } = queued.job
    if (!before.stop && isDeepStrictEqual(before.job.store, store)) return
    await job.updateData({ ...before, job: { ...before.job, store }, stop: false })
  }
}
