/**
 * A BatchProgram compiled over a split: a SavedModel in a folder of its own, and what its chunks share.
 */
import {
  checkFit,
  checkPosition,
  checkSteps,
  checkWorkers,
  examplesBefore,
  stepsPerEpochOf,
  UserError,
  initialState,
  invariant,
  sizeOf,
  type BatchProgram,
  type CompileOptions,
  type Execution,
  type Field,
  type Position,
  type Progress,
  type RunOptions,
  type ChunkOptions,
  type ChunkOutcome,
  type ChunkResult,
  type StateValues,
} from '@gradpool/core'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lowerBatchProgram, scalarResults } from './lowering/saved-model.js'
import { Variables } from './lowering/variables.js'
import type { ModelFolders } from './model-folders.js'
import type { FieldFile } from './lowering/step-inputs.js'
import { SharedProgress, SharedStates } from './shared.js'
import { releaseModels } from './held-models.js'
import { cutBatch, type CutBatch } from './sharing/cut-batch.js'
import { Barrier } from './sharing/barrier.js'
import { createSharing, type Sharing } from './sharing/sharing.js'
import { runSlices } from './chunk.js'
import type { TensorFlowChunkOutcome, TensorFlowChunkTask } from './chunk-task.js'

/** What executions of one engine have in common. */
export interface Host {
  readonly folders: ModelFolders
  /** A file with a field's values; each call is undone by one of `release`. */
  place(field: Field): FieldFile
  release(field: Field): void
  /** A worker that waits longer than this for the others gives the chunk up. */
  readonly barrierTimeoutMs: number
  /** Those that are not disposed of. */
  readonly executions: Set<Execution>
}

export class TensorFlowExecution implements Execution {
  readonly program: BatchProgram
  readonly stepsPerEpoch: number
  readonly workers: number
  readonly #host: Host
  readonly #states: SharedStates
  readonly #progress: SharedProgress
  readonly #fields: Field[] = []
  readonly #folder: string
  readonly #task: Omit<TensorFlowChunkTask, 'steps' | 'member'>
  readonly #sharing: Sharing | undefined
  /** The step at which the sums began. */
  #since = 0
  /** Of each result, over the examples of the steps since then. */
  #sums: readonly Float64Array[]
  #isRunning = false

  /** @throws UserError for a field, a row or a state that does not fit the program, or an op that cannot be lowered */
  constructor(host: Host, program: BatchProgram, options: CompileOptions) {
    checkFit(program, options)
    this.#host = host
    this.program = program
    this.stepsPerEpoch = stepsPerEpochOf(program)
    this.#states = this.#makeStates(options)
    this.#progress = SharedProgress.create(scalarResults(program).length)
    this.#sums = this.#noSums()
    this.#folder = host.folders.take()
    const cuts = cutBatch(program)
    const variables = new Variables(program, cuts)
    this.#sharing = createSharing(cuts, variables, host.barrierTimeoutMs)
    this.workers = this.#sharing === undefined ? 1 : (options.workers ?? 1)
    try {
      this.#writeModel(options, cuts)
    } catch (error) {
      this.#release()
      throw error
    }
    this.#task = this.#makeTask(options, variables)
    host.executions.add(this)
  }

  get step(): number {
    return this.#progress.step
  }

  /** @throws UserError for a number of steps that cannot be, or while `run` is under way */
  begin(
    steps: number,
    { workers = 1, continues = false }: ChunkOptions = {},
  ): TensorFlowChunkTask[] {
    checkWorkers(workers, this.workers)
    this.#checkAlive()
    if (this.#isRunning) throw new UserError('this execution is running already')
    checkSteps(steps, this.step)
    this.#progress.stopped = false
    if (this.#sharing) Barrier.reset(this.#sharing.barrier)
    if (!continues) {
      this.#since = this.step
      this.#sums = this.#noSums()
    }
    return Array.from({ length: workers }, (_, worker) => ({
      ...this.#task,
      ...{ steps, member: { worker, workers } },
    }))
  }

  abandon(): void {
    this.stop()
    if (this.#sharing) Barrier.abandon(this.#sharing.barrier)
  }

  finish(outcomes: readonly ChunkOutcome[]): ChunkResult {
    const told = outcomes as readonly TensorFlowChunkOutcome[]
    const [first] = told
    invariant(first, 'a chunk has an outcome')
    const { status, sums } = told.find((each) => each.status === 'abandoned') ?? first
    for (const [index, total] of this.#sums.entries()) {
      sums[index]?.forEach((sum, element) => (total[element] = (total[element] ?? 0) + sum))
    }
    const examples =
      examplesBefore(this.program, this.step) - examplesBefore(this.program, this.#since)
    return {
      status,
      steps: this.step - this.#since,
      means: this.#named((sums) => sums.map((sum) => sum / examples)),
      lastLoss: this.#progress.lastLoss,
    }
  }

  async run({ steps, signal, onProgress }: RunOptions): Promise<ChunkResult> {
    const [task] = this.begin(steps)
    invariant(task, 'a chunk has a task')
    const slices = runSlices(task)
    this.#isRunning = true
    try {
      for (;;) {
        if (signal?.aborted === true) this.stop()
        const { done, value } = await slices.next()
        if (done === true) return this.finish([value])
        onProgress?.(this.progress())
        await new Promise((resolve) => setImmediate(resolve))
        this.#checkAlive()
      }
    } catch (error) {
      // Whatever fails once the files are gone fails for that reason.
      this.#checkAlive()
      throw error
    } finally {
      this.#isRunning = false
    }
  }

  progress(): Progress {
    this.#checkAlive()
    const { results, step } = this.#progress
    const names = scalarResults(this.program)
    return {
      step,
      last: Object.fromEntries(names.map((name, index) => [name, results[index] ?? NaN])),
      results: Object.fromEntries(
        names.map((name, index) => [name, results.slice(index, index + 1)]),
      ),
    }
  }

  stop(): void {
    this.#progress.stopped = true
  }

  position(): Position {
    this.#checkAlive()
    return {
      step: this.step,
      since: this.#since,
      sums: this.#named((sums) => sums.slice()),
      lastLoss: this.#progress.lastLoss,
    }
  }

  seek(position: Position): void {
    this.#checkAlive()
    checkPosition(this, position)
    const { step, since, sums, lastLoss } = position
    this.#progress.step = step
    this.#progress.lastLoss = lastLoss
    this.#since = since
    this.#sums = this.program.program.results.map(({ name }) => Float64Array.from(sums[name] ?? []))
  }

  read(): Record<string, Float32Array> {
    this.#checkAlive()
    return this.#states.read()
  }

  write(values: StateValues): void {
    this.#checkAlive()
    this.#states.write(values)
  }

  /** Only when no worker runs a chunk of it. Workers free what they hold of it when they run another chunk. */
  dispose(): void {
    if (!this.#host.executions.delete(this)) return
    this.#progress.dispose()
    this.#release()
    if (!this.#isRunning) releaseModels()
  }

  /** For executions that share them. */
  get states(): SharedStates {
    this.#checkAlive()
    return this.#states
  }

  #checkAlive(): void {
    if (!this.#host.executions.has(this)) throw new UserError('this execution was disposed')
  }

  #noSums(): Float64Array[] {
    const { program } = this.program
    return program.results.map(({ node }) => new Float64Array(sizeOf(program.node(node).shape)))
  }

  #named(of: (sums: Float64Array) => Float64Array): Record<string, Float64Array> {
    const { results } = this.program.program
    return Object.fromEntries(
      this.#sums.map((sums, index) => [results[index]?.name ?? '', of(sums)] as const),
    )
  }

  #release(): void {
    for (const field of this.#fields) this.#host.release(field)
    this.#host.folders.give(this.#folder)
  }

  #makeStates({ seed, state, shareStateOf }: CompileOptions): SharedStates {
    const { program } = this.program
    if (shareStateOf) {
      if (!(shareStateOf instanceof TensorFlowExecution) || shareStateOf.#host !== this.#host) {
        throw new UserError('states are shared between executions of one engine only')
      }
      shareStateOf.states.checkShared(program)
      return shareStateOf.states
    }
    const states = SharedStates.create(program)
    states.write({ ...initialState(program, seed), ...state })
    return states
  }

  #writeModel({ data, seed }: CompileOptions, cuts: CutBatch): void {
    const files = new Map<string, FieldFile>()
    const field = (name: string): FieldFile => {
      const known = files.get(name)
      if (known !== undefined) return known
      const values = data.fields[name]
      if (values === undefined) throw new UserError(`the data has no field "${name}"`)
      const file = this.#host.place(values)
      this.#fields.push(values)
      files.set(name, file)
      return file
    }
    writeFileSync(
      join(this.#folder, 'saved_model.pb'),
      lowerBatchProgram(this.program, { seed, field, cuts }),
    )
  }

  #makeTask(
    { data, seed, orderSeed = seed }: CompileOptions,
    { states }: Variables,
  ): Omit<TensorFlowChunkTask, 'steps' | 'member'> {
    const { program, tail, batchSize, shuffle } = this.program
    // Shared, so that a task carries none of them.
    const rows = new Int32Array(new SharedArrayBuffer(4 * data.rows.length))
    rows.set(data.rows)
    return {
      model: this.#folder,
      progress: this.#progress.buffer,
      states: this.#states.data,
      variables: states.map(({ name, state, shape }) => ({ name, state, shape })),
      trains: program.updates.length > 0,
      rows,
      shuffle,
      orderSeed,
      batchSize,
      hasTail: tail !== undefined,
      stepsPerEpoch: this.stepsPerEpoch,
      resultSizes: program.results.map(({ node }) => sizeOf(program.node(node).shape)),
      lossIndex: scalarResults(this.program).indexOf('loss'),
      sharing: this.#sharing,
    }
  }
}
