/**
 * What an engine supplies for each execution: states, a record of its results, tasks, and running a
 * chunk. All else is in execution.ts.
 */
import type { Program } from '../program/program.js'
import type { BatchProgram } from '../training/batch-program.js'
import type { ChunkStatus, ChunkTask, CompileOptions, Execution, ExecutionProfile, StateValues } from './engine.js'

/** States of one or several executions, by name. */
export interface States {
  /**
   * The same states for one more execution. @throws UserError for a state of `program` that is not
   * among them
   */
  shareWith(program: Program): States
  /** The values where they are, in memory that threads share. */
  readonly views: StateValues
  /** Copies. */
  read(): Record<string, Float32Array>
  /** @throws UserError for a name that is no state, or a wrong number of values */
  write(values: StateValues): void
  /** One execution no longer uses them. */
  release(): void
}

/**
 * What the threads of an execution share: how far it is, and its results, each in its place among
 * the Program's results. Averaged results have `sums` and `last`, those with rows have `rows`; the
 * other arrays are empty.
 */
export interface ExecutionRecord {
  step: number
  /** NaN before the first. */
  lastLoss: number
  /** The same where it is, in memory that threads share. */
  readonly lastLossView: Float32Array | Float64Array
  /** Set to end the chunk before its next step. */
  stopped: boolean
  /** Each step adds its value times its number of examples. */
  readonly sums: readonly Float64Array[]
  /**
   * `[numExamples, ...]`: each step writes its rows where its examples are in the order of the
   * pass.
   */
  readonly rows: readonly Float32Array[]
  /** The values at the last step; empty where the engine does not tell them. */
  readonly last: readonly Float32Array[]
}

/** What an engine makes of a BatchProgram. */
export interface Backend {
  /** The most workers that can run a chunk together. */
  readonly workers: number
  readonly record: ExecutionRecord
  /** The tasks of a chunk, one for each worker; see `ChunkOptions.threads`. */
  tasks(steps: number, workers: number, threads: number): readonly ChunkTask[]
  /**
   * Runs a chunk of one worker in this thread, with a pause after every few milliseconds; returns
   * how it ended.
   */
  slices(steps: number): Iterator<undefined, ChunkStatus> | AsyncIterator<undefined, ChunkStatus>
  /** Runs a chunk of one worker in this thread at once. */
  runNow?(steps: number): ChunkStatus
  /** As the execution's. */
  profile?(): ExecutionProfile | undefined
  /** The workers of the chunk in progress leave it. */
  abandon(): void
  dispose(): void
}

/** What an execution asks of its engine. */
export interface ExecutionHost<S extends States> {
  /** The states of each execution that is not disposed of. */
  readonly live: Map<Execution, S>
  /** Those of `shareStateOf`, or new ones with their first values. */
  statesOf(program: BatchProgram, options: CompileOptions): S
  /** @throws UserError for an op or a size that the engine cannot do; nothing is left of it then */
  prepare(program: BatchProgram, options: CompileOptions, states: S): Backend
}
