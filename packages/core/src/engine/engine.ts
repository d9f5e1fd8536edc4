/**
 * What every engine promises: to run a BatchProgram over a split of a dataset, many steps per call.
 *
 * An engine is used in one of two ways. In place: `await execution.run({ steps })`. From a pool:
 * the main thread calls `execution.begin(steps)`, sends the task, which is plain
 * structured-cloneable data, to any worker, which calls the `executeChunk(task)` that the engine's
 * `workerModule` exports, and gives its answer to `execution.finish([outcome])`. Both give the same
 * bits. A step chunk, or chunk, is a run of consecutive steps; nothing in JavaScript happens
 * between its steps.
 */
import type { Allocate, Split } from './dataset.js'
import type { BatchProgram } from '../training/batch-program.js'

/** Values of states by name; row-major f32. */
export type StateValues = Readonly<Record<string, Float32Array>>

export interface CompileOptions {
  readonly data: Split
  /** Any integer of 32 bits; keys every random number and every order of the examples. */
  readonly seed: number
  /**
   * First values of some or all states; the others start from their initializers. Those of an optimizer, `optimizer/…`,
   * that the program does not have are passed over: so a training's states do for an evaluation.
   */
  readonly state?: StateValues
  /** The most workers that will ever run a chunk of this execution together. Default: 1. */
  readonly workers?: number
  /** Share the states of this execution, by name, in place of having states of one's own. */
  readonly shareStateOf?: Execution
  /** Whether to note what some of the steps spend their time on. Of no effect where the engine does not profile. */
  readonly profile?: boolean
}

export interface Engine {
  readonly name: string
  /** A sentence for people: which target, which instruction set. */
  readonly description: string
  /**
   * Which bits it computes: engines of equal `numerics` are bit-identical for the same programs,
   * data and states. `exact` is the class of the CPU engines. Results of one class are never taken
   * for those of another.
   */
  readonly numerics: string
  /** URL of the module whose `executeChunk` a worker calls. */
  readonly workerModule: string
  /**
   * Whether worker threads can run its chunks; where not, they run in the thread that made the engine. Default: true.
   */
  readonly threads?: boolean
  /** Whether it can profile its executions. Default: false. */
  readonly profiles?: boolean
  /** Memory that workers of this engine read without a copy; datasets are loaded into it. */
  readonly allocate: Allocate
  /**
   * Gives memory of `allocate` back, once no execution reads it. Engines that have it read fields where they lie in
   * such memory, as they are when a step begins.
   */
  readonly free?: (memory: Uint8Array) => void
  /** @throws UserError when the engine lacks an op or the memory. */
  compile(program: BatchProgram, options: CompileOptions): Promise<Execution>
  dispose(): Promise<void>
}

/** Structured-cloneable: what a worker needs to run one chunk. Opaque to all but the engine. */
export type ChunkTask = unknown
/** A `ChunkStatus`, where a chunk ended in a way that is told. */
export type ChunkOutcome = unknown

/** What a worker module of an engine exports. */
export interface ChunkExecutor {
  /** Returns the outcome, or a promise of it. */
  executeChunk(task: ChunkTask): ChunkOutcome
}

/**
 * How a chunk ended: all steps done; stopped by `stop()` (the steps done so far count); at a step
 * whose loss was not a finite number (that step's update is not applied); or abandoned, since a
 * worker was gone that others waited for.
 */
export type ChunkStatus = 'done' | 'stopped' | 'notFinite' | 'abandoned'

export interface ChunkResult {
  readonly status: ChunkStatus
  /** Steps done in this chunk and those it continues; a step that was not finite is not counted. */
  readonly steps: number
  /** Each averaged result of the Program: its mean over the examples of these steps. */
  readonly means: Readonly<Record<string, Float64Array>>
  /**
   * Each result with `rows`: its values for the examples of these steps, `[examples, ...]`, in the
   * order in which they were visited; of the last pass, where the steps are more than one.
   */
  readonly rows: Readonly<Record<string, Float32Array>>
  /** The last finite loss; NaN before the first. */
  readonly lastLoss: number
}

/**
 * What a chunk leaves, in memory that all threads share. Where chunks follow one another on a
 * thread, that thread copies it after each but the last one, and sets the sums to 0.
 */
export interface ChunkMemory {
  /** As those of an `ExecutionRecord`. */
  readonly sums: readonly Float64Array[]
  readonly rows: readonly Float32Array[]
  /** Of one number. */
  readonly lastLoss: Float32Array | Float64Array
  readonly states: StateValues
}

/** A copy of that, after a chunk that another one followed. */
export interface ChunkCopy extends Pick<ChunkMemory, 'sums' | 'rows'> {
  readonly lastLoss: number
}

export interface Progress {
  /** Steps done since the execution was compiled, over all chunks. */
  readonly step: number
  /** Scalar results of the last step by name. */
  readonly last: Readonly<Record<string, number>>
  /**
   * Averaged results of the last step by name, row-major; an engine may leave out those that are
   * not scalars.
   */
  readonly results: Readonly<Record<string, Float32Array>>
}

/**
 * Where an execution stands. Together with the values of its states it determines every later bit,
 * so an execution can be resumed elsewhere: in another process, or on another engine of the same
 * `numerics`.
 */
export interface Position {
  /** Steps done since the execution was compiled. */
  readonly step: number
  /** The step at which the sums began. */
  readonly since: number
  /** Each averaged result, summed over the examples of the steps from `since` to `step`. */
  readonly sums: Readonly<Record<string, Float64Array>>
  /** Each result with `rows`, for the same examples, as in a ChunkResult. */
  readonly rows: Readonly<Record<string, Float32Array>>
  /** The last finite loss; NaN before the first. */
  readonly lastLoss: number
}

/** What some steps of an execution spent their time on, by worker. */
export interface ExecutionProfile {
  /** Of a step, in their order, and after them what else takes time. */
  readonly kernels: readonly ProfiledKernel[]
  /** Those of each worker follow each other without a gap within a step. */
  readonly slices: readonly ProfiledSlice[]
}

export interface ProfiledKernel {
  /** What it does, in words of the program: ops, shapes, names. */
  readonly name: string
  /** What kind of kernel it is, such as `matmul`. */
  readonly kind: string
  /** Floating-point operations in a step, about; as those of `flopsOf`. */
  readonly flops: number
  /** What it reads and writes in a step, each value counted once. */
  readonly bytes: number
}

export interface ProfiledSlice {
  /** Among the kernels. */
  readonly kernel: number
  readonly step: number
  readonly worker: number
  /** Milliseconds of a clock that all workers share. */
  readonly begin: number
  readonly end: number
}

export interface RunOptions {
  readonly steps: number
  /** As that of `ChunkOptions`. Default: false. */
  readonly continues?: boolean
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
}

export interface ChunkOptions {
  /** Default: 1. */
  readonly workers?: number
  /**
   * Whether the chunk's means and rows cover the examples of the chunk before, too. Default: false.
   */
  readonly continues?: boolean
  /**
   * How often the tasks are done, each time as a chunk of its own, with nothing but a copy of
   * `memory` in between. For one worker, and not where the chunk continues. Default: 1.
   */
  readonly times?: number
  /**
   * Threads that may run chunks at that time, those of other executions included. Where they are more than the cores,
   * one that waits for another must not keep its core. Default: as many as the workers.
   */
  readonly threads?: number
}

export interface Execution {
  readonly program: BatchProgram
  /** Steps of one pass over the split, the shorter last batch included. */
  readonly stepsPerEpoch: number
  /**
   * The most workers that can run a chunk of it together: as many as were asked for, or fewer where
   * the engine cannot.
   */
  readonly workers: number
  /** Steps done so far. */
  readonly step: number
  readonly memory: ChunkMemory
  run(options: RunOptions): Promise<ChunkResult>
  /**
   * Runs a chunk at once, in this thread, without a look at progress or signals: for predictions of
   * a few rows. It costs a few microseconds beyond the steps themselves. Only engines on the CPU
   * have it.
   *
   * Inputs are whatever the fields of `data` hold now, where they lie in memory of
   * `engine.allocate`: a server writes a request's rows there, calls `runNow(stepsPerEpoch)`, and
   * finds the predictions in the result's `rows`.
   */
  runNow?(steps: number): ChunkResult
  /**
   * The tasks of a chunk: one, or for several workers that run it together, all of them at the same
   * time, as many as asked for, or fewer. Whatever their number, the chunk is bit-identical.
   *
   * The steps of a Program without updates are counted from 0 again where their number would become
   * too large.
   *
   * @throws UserError for a number of steps that cannot be, or more workers than the execution was
   *   compiled for
   */
  begin(steps: number, options?: ChunkOptions): readonly ChunkTask[]
  /**
   * The end of a chunk: the outcomes of its tasks, in their order. Chunks that followed one another
   * are finished in that order.
   *
   * @param copy of `memory`, where another chunk followed
   */
  finish(outcomes: readonly ChunkOutcome[], copy?: ChunkCopy): ChunkResult
  /**
   * Says that one of the workers of a chunk is gone: the others return at once, with the status
   * `abandoned`. What the chunk has written to the states is worth nothing then.
   */
  abandon(): void
  /** Read from shared words; callable from the main thread while a worker runs the chunk. */
  progress(): Progress
  /** Ends the chunk in progress before its next step. */
  stop(): void
  /** Between chunks only. */
  position(): Position
  /**
   * Stands there from now on, as if it had done these steps itself. Between chunks only. Where
   * `since` is `step`, sums and rows begin anew, whatever they were.
   *
   * @throws UserError for a position that is not one of this program
   */
  seek(position: Position): void
  /** What the steps so far that were noted have spent; undefined where none were asked for. */
  profile(): ExecutionProfile | undefined
  /** Copies of all states, by name. */
  read(): Record<string, Float32Array>
  write(values: StateValues): void
  dispose(): void
}
