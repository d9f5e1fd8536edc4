/** A stage in a queue, as its submitter sees it: what it was told of it, and how it ended. */
import type { ReadyStage } from '@gradpool/orchestrator'
import type { TrainingOutcome, TrainingProgress } from '@gradpool/trainer'
import type { Content } from '../job.js'
import type { StageNews } from '../queue/stage-news.js'

/** How a job ended. */
export type JobOver =
  | { readonly how: 'outcome'; readonly outcome: Content }
  | { readonly how: 'failed'; readonly error: string }
  | { readonly how: 'interrupted' }

export class QueuedTraining {
  readonly stage: ReadyStage
  /** When something was last heard of it. */
  heardMs = performance.now()
  /** How often it was looked for, and was nowhere. */
  timesMissing = 0
  isStopping = false
  #end: (over: JobOver) => void = () => undefined
  #progress: TrainingProgress | undefined
  #threads = 1
  #lastEpoch = 0
  #hasStarted = false
  readonly #startedMs = performance.now()

  constructor(stage: ReadyStage) {
    this.stage = stage
  }

  get hash(): string {
    return this.stage.ref.hash
  }

  /** Fulfilled by the next `end`. */
  isOver(): Promise<JobOver> {
    this.heardMs = performance.now()
    return new Promise((end) => {
      this.#end = end
    })
  }

  end(over: JobOver): void {
    this.#progress = undefined
    this.#end(over)
  }

  hear({ fromStep, threads, rows, progress }: StageNews): void {
    this.heardMs = performance.now()
    this.timesMissing = 0
    this.#begin(fromStep)
    if (threads !== this.#threads) this.stage.onThreads(threads)
    this.#threads = threads
    for (const row of rows) this.#tellRow(row)
    this.#progress = progress ?? undefined
  }

  progress(): TrainingProgress | undefined {
    return this.#progress
  }

  /** Tells what news did not. */
  tellAll({ epochs }: TrainingOutcome): void {
    this.#begin(0)
    for (const row of epochs) this.#tellRow(row)
  }

  #begin(fromStep: number): void {
    if (this.#hasStarted) return
    this.#hasStarted = true
    this.stage.onStarted(fromStep)
  }

  /** Each once and in order: news may be missed, and a job that another worker has again tells some of it twice. */
  #tellRow(row: TrainingOutcome['epochs'][number]): void {
    if (row.epoch <= this.#lastEpoch) return
    this.#lastEpoch = row.epoch
    this.stage.onEpoch(row, (performance.now() - this.#startedMs) / 1000)
  }
}
