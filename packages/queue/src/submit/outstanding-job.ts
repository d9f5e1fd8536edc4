/** A job in a queue, as its submitter sees it: what it is, where its result would be, and how it ended. */
import type { Content } from '../job.js'
import type { QueuedStage } from '../queue/queued-stage.js'
import type { StageNews } from '../queue/stage-news.js'

/** How a job ended. */
export type JobOver =
  | { readonly how: 'outcome'; readonly outcome: Content }
  | { readonly how: 'failed'; readonly error: string }
  | { readonly how: 'interrupted' }

export interface JobSource {
  /** See `jobId`. */
  readonly id: string
  /** What goes into the queue. */
  readonly queued: () => QueuedStage | Promise<QueuedStage>
  /** In the store; undefined where there is none. */
  readonly find: () => Promise<Content | undefined>
}

export class OutstandingJob {
  readonly source: JobSource
  /** When something was last heard of it. */
  heardMs = performance.now()
  /** How often it was looked for, and was nowhere. */
  timesMissing = 0
  isStopping = false
  #end: (over: JobOver) => void = () => undefined

  constructor(source: JobSource) {
    this.source = source
  }

  get id(): string {
    return this.source.id
  }

  /** Fulfilled by the next `end`. */
  isOver(): Promise<JobOver> {
    this.heardMs = performance.now()
    return new Promise((end) => {
      this.#end = end
    })
  }

  end(over: JobOver): void {
    this.#end(over)
  }

  hear(_: StageNews): void {
    this.heardMs = performance.now()
    this.timesMissing = 0
  }
}
