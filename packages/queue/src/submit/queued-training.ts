/** A stage in a queue, as its submitter sees it: what it was told of it, and how it ended. */
import type { ReadyStage } from '@gradpool/orchestrator'
import type { TrainingOutcome, TrainingProgress } from '@gradpool/trainer'
import type { StageNews } from '../queue/stage-news.js'
import { type JobOver, type JobSource, OutstandingJob } from './outstanding-job.js'

export class QueuedTraining extends OutstandingJob {
  readonly stage: ReadyStage
  #progress: TrainingProgress | undefined
  #threads = 1
  #lastEpoch = 0
  #hasStarted = false
  readonly #startedMs = performance.now()

  constructor(stage: ReadyStage, source: JobSource) {
    super(source)
    this.stage = stage
  }

  override end(over: JobOver): void {
    this.#progress = undefined
    super.end(over)
  }

  override hear(news: StageNews): void {
    super.hear(news)
    const { fromStep, threads, rows, progress } = news
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
