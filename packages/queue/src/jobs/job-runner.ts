/** What trains one job of a queue, whatever the queue. */
import type { EpochRow, TrainingProgress } from '@gradpool/trainer'
import type { Content, QueueJob, StageJob } from '../job.js'

export interface JobHooks {
  /** @param fromStep of the checkpoint that it goes on from; 0 at the start */
  readonly onStarted: (fromStep: number) => void
  readonly onEpoch: (row: EpochRow) => void
  readonly onThreads: (threads: number) => void
  /** Told in one sentence of what is wrong but stops nothing. */
  readonly onWarning: (message: string) => void
}

/** Training that failed by itself, as by a loss that is not finite, has an outcome, too: it would fail again. */
export type JobEnd =
  | { readonly status: 'done' | 'failed'; readonly outcome: Content }
  /** It was stopped; its checkpoint is in the store. */
  | { readonly status: 'interrupted' }

export interface RunningJob {
  /** Rejects where another worker, or the same one later, may do better: the store does not answer, memory is short. */
  readonly end: Promise<JobEnd>
  /** `end` is fulfilled soon after, at a checkpoint. */
  stop(): void
  /** Undefined before the first step and after the last. */
  progress(): TrainingProgress | undefined
}

export interface JobRunner {
  run(job: QueueJob, hooks: JobHooks): RunningJob
  /** Some of the states that a job came to, as what other jobs start from. */
  statesOf(job: StageJob, outcome: Content, names: readonly string[]): Promise<Content>
  close(): Promise<void>
}
