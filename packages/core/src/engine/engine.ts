/**
 * What every engine promises: to run a BatchProgram over a split of a dataset, many steps per call.
 *
 * An engine is used in one of two ways. In place: `await execution.run({ steps })`. From a pool: the main thread calls
 * `execution.begin(steps)`, sends the task, which is plain structured-cloneable data, to any worker, which calls the
 * `executeChunk(task)` that the engine's `workerModule` exports, and gives its answer to `execution.finish([outcome])`.
 * Both give the same bits. A chunk is a run of consecutive steps; nothing in JavaScript happens between its steps.
 */
import type { Allocate, Split } from './dataset.js'
import type { BatchProgram } from '../training/batch-program.js'

/** Values of states by name; row-major f32. */
export type StateValues = Readonly<Record<string, Float32Array>>

export interface CompileOptions {
  readonly data: Split
  /** Any integer of 32 bits; keys every random number of the run. */
  readonly seed: number
  /** Keys the order of the examples in place of `seed`, so that runs of different seeds may see the same batches. */
  readonly orderSeed?: number
  /** First values of some or all states; the others start from their initializers. */
  readonly state?: StateValues
  /** The most workers that will ever run a chunk of this execution together; 1 unless said. */
  readonly workers?: number
  /** Share the states of this execution, by name, in place of having states of one's own. */
  readonly shareStateOf?: Execution
}

export interface Engine {
  readonly name: string
  /** A sentence for people: which target, which instruction set. */
  readonly description: string
  /**
   * Which bits it computes: engines of equal `numerics` come to the same bits from the same programs, data and states.
   * `exact` is the class of the CPU engines. Results of one class are never taken for those of another.
   */
  readonly numerics: string
  /** URL of the module whose `executeChunk` a worker calls. */
  readonly workerModule: string
  /** Memory that workers of this engine read without a copy; datasets are loaded into it. */
  readonly allocate: Allocate
  /** @throws UserError when the engine lacks an op or the memory. */
  compile(program: BatchProgram, options: CompileOptions): Promise<Execution>
  dispose(): Promise<void>
}

/** Structured-cloneable: what a worker needs to run one chunk. Opaque to all but the engine. */
export type ChunkTask = unknown
export type ChunkOutcome = unknown

/** What a worker module of an engine exports. */
export interface ChunkExecutor {
  /** Returns the outcome, or a promise of it. */
  executeChunk(task: ChunkTask): ChunkOutcome
}

/**
 * How a chunk ended: all steps done, stopped by `stop()` (the steps done so far count), or at a step whose loss was not
 * a finite number (that step's update is not applied), or abandoned, since a worker was gone that others waited for.
 */
export type ChunkStatus = 'done' | 'stopped' | 'notFinite' | 'abandoned'

export interface ChunkResult {
  readonly status: ChunkStatus
  /** Steps done in this chunk and those it continues; a step that was not finite is not counted. */
  readonly steps: number
  /** Each result of the Program, as the mean over the examples of these steps. */
  readonly means: Readonly<Record<string, Float64Array>>
  /** The last finite loss, NaN if there was none yet. */
  readonly lastLoss: number
}

export interface Progress {
  /** Steps done since the execution was compiled, over all chunks. */
  readonly step: number
  /** Scalar results of the last step by name. */
  readonly last: Readonly<Record<string, number>>
  /** All results of the last step by name, row-major; an engine may leave out those that are not scalars. */
  readonly results: Readonly<Record<string, Float32Array>>
}

/**
 * Where an execution stands. With the values of its states it determines all that follows, to the bit, so an execution
 * can be left and gone on with elsewhere: in another process, or on another engine of the same `numerics`.
 */
export interface Position {
  /** Steps done since the execution was compiled. */
  readonly step: number
  /** The step at which the sums began. */
  readonly since: number
  /** Each result of the Program, summed over the examples of the steps from `since` to `step`. */
  readonly sums: Readonly<Record<string, Float64Array>>
  /** The last finite loss, NaN if there was none yet. */
  readonly lastLoss: number
}

export interface RunOptions {
  readonly steps: number
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
}

export interface ChunkOptions {
  /** 1 unless said. */
  readonly workers?: number
  /** The means of this chunk are over the examples of the one before, too. */
  readonly continues?: boolean
}

export interface Execution {
  readonly program: BatchProgram
  /** Steps of one pass over the split, the shorter last batch included. */
  readonly stepsPerEpoch: number
  /** The most workers that can run a chunk of it together. */
  readonly workers: number
  /** Steps done so far. */
  readonly step: number
  run(options: RunOptions): Promise<ChunkResult>
  /**
   * The tasks of a chunk: one, or for several workers that run it together, all of them at the same time, as many as
   * asked for, or fewer. Whatever their number, the chunk gives the same bits.
   *
   * @throws UserError for a number of steps that cannot be, or more workers than the execution was compiled for
   */
  begin(steps: number, options?: ChunkOptions): readonly ChunkTask[]
  /** The end of a chunk: the outcomes of its tasks, in their order. */
  finish(outcomes: readonly ChunkOutcome[]): ChunkResult
  /**
   * Says that one of the workers of a chunk is gone: the others return at once, with the status `abandoned`. What the
   * chunk has written to the states is worth nothing then.
   */
  abandon(): void
  /** Read from shared words; callable from the main thread while a worker runs the chunk. */
  progress(): Progress
  /** Ends the chunk in progress before its next step. */
  stop(): void
  /** Between chunks only. */
  position(): Position
  /**
   * Stands there from now on, as if it had done these steps itself. Between chunks only.
   *
   * @throws UserError for a position that is not one of this program
   */
  seek(position: Position): void
  /** Copies of all states, by name. */
  read(): Record<string, Float32Array>
  write(values: StateValues): void
  dispose(): void
}
