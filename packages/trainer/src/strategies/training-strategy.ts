/**
 * How a training goes through its epochs: as one execution whose steps are shared by as many
 * workers as are granted (`ExecutionStrategy`), or as replicas that train apart and are averaged
 * (`LocalAveraging`).
 */
import type { Execution, Position, Progress, ChunkResult, StateValues } from '@gradpool/core/engine'
import type { FailedStep } from '../training/locate-nonfinite.js'
import type { Chunk } from '../threads/team.js'
import type { Pauses, TrainingThreads } from '../threads/training-threads.js'

export interface CompileStrategyOptions {
  /** How many may share a step, or make an average together. */
  readonly workers: number
  /** First values of some or all states. */
  readonly state?: StateValues
  /** Whether to note what some of the steps spend their time on. */
  readonly profile?: boolean
}

/** One of the strategy's executions, with what it was given. */
export type TrainedPart = Pick<FailedStep, 'training' | 'data' | 'seed'>

/** How far a training has come: both are undefined where it was stopped or paused in between. */
export interface Advance {
  /** Of an epoch that is done, its validation included where there is one. */
  readonly done?: { readonly trained: ChunkResult; readonly validated: ChunkResult | undefined }
  /** Came upon a loss that is not finite, and stands before that step. */
  readonly lost?: TrainedPart & { readonly lastLoss: number }
}

export interface TrainingStrategy {
  /** All that it compiled, what owns the states first. */
  readonly executions: readonly Execution[]
  /** The one whose states evaluations share. */
  readonly model: Execution
  /** The most workers that it can use. */
  readonly workers: number
  readonly stepsPerEpoch: number
  /** Steps that are done. */
  readonly step: number
  progress(): Progress
  /** Between calls of `advance`, as the following. */
  position(): Position
  seek(position: Position): void
  /** The model's states, by name. */
  read(): Record<string, Float32Array>
  write(values: StateValues): void
  /**
   * Trains towards the end of an epoch, and validates there. May come back earlier, to be called
   * again.
   *
   * @param epoch from 1
   * @param validation stands where it begins
   * @throws as `TrainingThreads.run`
   */
  advance(threads: TrainingThreads, epoch: number, validation: Chunk | undefined, pauses: Pauses): Promise<Advance>
  /** Trains the first epoch in this thread. */
  runFirstEpoch(): Promise<void>
}
