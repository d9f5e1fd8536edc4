/**
 * How a training goes through its epochs: as one execution whose steps are shared by as many
 * workers as are granted (`ExecutionStrategy`), or as replicas that train apart and are averaged
 * (`LocalAveraging`).
 */
import type { Execution, Position, Progress, ChunkResult, StateValues } from '@gradpool/core/engine'
import type { FailedStep } from '../training/locate-nonfinite.js'
import type { Chunk } from '../threads/team.js'
import type { Pauses, TrainingThreads } from '../threads/training-threads.js'
import type { Feed } from '../windows/feed.js'
import type { RunSegments } from './segment.js'

export interface CompileStrategyOptions {
  /** How many may share a step, or make an average together. */
  readonly workers: number
  /** First values of some or all states. */
  readonly state?: StateValues
  /** Whether to note what some of the steps spend their time on. */
  readonly profile?: boolean
  /** Trains replicas elsewhere, where there are any; without it, threads of this process do. */
  readonly runSegments?: RunSegments | undefined
}

/** One of the strategy's executions, with what it was given. */
export type TrainedPart = Pick<FailedStep, 'training' | 'program' | 'data' | 'seed'>

/** Where a training is to go. */
export interface Goal {
  /** From 1. */
  readonly epoch: number
  /** The most epochs, this one included. */
  readonly most: number
  /** Of an epoch; stands where it begins. */
  readonly validation: Chunk | undefined
}

/** An epoch that is done, its validation included where there is one. */
export interface DoneEpoch {
  readonly trained: ChunkResult
  readonly validated: ChunkResult | undefined
  /** From its end to that of the last step. */
  readonly secondsAgo: number
  /** The states after it, where steps of the next epoch followed. */
  readonly states?: StateValues
}

/** How far a training has come. */
export interface Advance {
  /** None where it was stopped or paused before the end of an epoch. */
  readonly done: readonly DoneEpoch[]
  /** Came upon a loss that is not finite, and stands before that step. */
  readonly lost?: TrainedPart & { readonly lastLoss: number }
}

export interface TrainingStrategy {
  /** All that it compiled, what owns the states first. */
  readonly executions: readonly Execution[]
  /** What brings them rows that are not in memory, if there is any. */
  readonly feeds: readonly Feed[]
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
   * Trains towards the end of an epoch, validates there, and may go on with the epochs that follow.
   * May come back earlier, to be called again.
   *
   * @throws as `TrainingThreads.run`
   */
  advance(threads: TrainingThreads, to: Goal, pauses: Pauses): Promise<Advance>
  /** Trains the first epoch in this thread. */
  runFirstEpoch(): Promise<void>
}
