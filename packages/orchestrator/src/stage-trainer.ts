/** What trains the stages of a run: this process's own threads, or machines that take them from a queue. */
import type { StateValues } from '@gradpool/core/engine'
import type { StagePlan } from '@gradpool/experiments'
import type { EpochRow, TrainingOutcome, TrainingProgress } from '@gradpool/trainer'
import type { StageRef } from './runs/run-result.js'

/** A stage whose start is done. */
export interface ReadyStage {
  readonly plan: StagePlan
  readonly ref: StageRef
  /** First values of the states that come from the stage before. */
  readonly state: StateValues | undefined
  /** The most training that is lost with a process or a machine. */
  readonly checkpointSeconds: number
  readonly stallSeconds: number
  readonly onEpoch: (row: EpochRow, elapsedSeconds: number) => void
  /** Told in one sentence of what is wrong but stops nothing. */
  readonly onWarning: (message: string) => void
}

/** A stage in progress. */
export interface StageTraining {
  /** Never rejects. */
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
  close(): Promise<void>
}
