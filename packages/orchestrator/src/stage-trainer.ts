/** What trains the stages of a run: this process's own threads, or machines that take them from a queue. */
import type { StateValues } from '@gradpool/core/engine'
import type { StagePlan } from '@gradpool/experiments'
import type { EpochRow, TrainingOutcome, TrainingProgress } from '@gradpool/trainer'
import type { TrainingPlan } from '@gradpool/trainer/plan'
import type { StageRef } from './runs/run-result.js'

/** A stage whose start is done. */
export interface ReadyStage {
  readonly plan: TrainingPlan & Pick<StagePlan, 'retrace'>
  readonly ref: StageRef
  /** First values of the states that come from the stage before. */
  readonly state: StateValues | undefined
  /** The most training that is lost with a process or a machine. */
  readonly checkpointSeconds: number
  readonly stallSeconds: number
  /** Told when training begins, with the steps that a checkpoint saves; again where it is resumed after a failure. */
  readonly onStarted: (fromStep: number) => void
  readonly onEpoch: (row: EpochRow, elapsedSeconds: number) => void
  /** Told when another number of threads trains it than before; it begins with one. */
  readonly onThreads: (threads: number) => void
  /** Told in one sentence of what is wrong but stops nothing. */
  readonly onWarning: (message: string) => void
}

/** A stage in progress. */
export interface StageTraining {
  /** Never rejects. Called once. */
  run(): Promise<TrainingOutcome>
  /** `run` is fulfilled soon after, at a checkpoint. */
  stop(): void
  /** Undefined before the first step and after the last. */
  progress(): TrainingProgress | undefined
}

export interface StageTrainer {
  /** Stages that may be in progress at one time. */
  readonly limit: number
  start(stage: ReadyStage): StageTraining
  /** Ends what is still in progress. May be called twice. */
  close(): Promise<void>
}
