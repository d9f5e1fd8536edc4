/**
 * The execution that every engine gives out: life cycle, argument checks, means and rows of
 * results, positions. Its backend, the engine's own, makes tasks and runs chunks.
 */
import { invariant, UserError } from '../errors.js'
import { nextTurn } from '../platform/next-turn.js'
import { examplesBefore, placesOf, resultSize, stepsPerEpochOf, type BatchProgram } from '../training/batch-program.js'
import type { Backend, ExecutionHost, ExecutionRecord, States } from './backend.js'
import type {
  ChunkCopy,
  ChunkMemory,
  ChunkOptions,
  ChunkOutcome,
  ChunkResult,
  ChunkStatus,
  ChunkTask,
  CompileOptions,
  Execution,
  ExecutionProfile,
  Position,
  Progress,
  RunOptions,
  StateValues,
} from './engine.js'
import { checkFit, checkPosition, checkSteps, checkWorkers, MOST_STEPS } from './execution-checks.js'

interface SizedResult {
  readonly name: string
  /** Among the Program's results. */
  readonly index: number
  readonly size: number
}

export class BaseExecution<S extends States> implements Execution {
  readonly program: BatchProgram
  readonly stepsPerEpoch: number
  readonly workers: number
  readonly host: ExecutionHost<S>
  readonly runNow?: (steps: number) => ChunkResult
  readonly #states: S
  readonly #backend: Backend
  readonly #record: ExecutionRecord
  readonly #averaged: readonly SizedResult[]
  readonly #collected: readonly SizedResult[]
  /** The step at which the sums began. */
  #since = 0
  /** Of the chunk that was begun last. */
  #steps = 0
  #isRunning = false

  constructor(host: ExecutionHost<S>, program: BatchProgram, options: CompileOptions) {
    checkFit(program, options)
    this.host = host
    this.program = program
    this.stepsPerEpoch = stepsPerEpochOf(program)
    const results = program.program.results.map((result, index) => {
      return { name: result.name, index, rows: result.rows, size: resultSize(program, result) }
    })
    this.#averaged = results.filter(({ rows }) => !rows)
    this.#collected = results.filter(({ rows }) => rows)
    this.#states = host.statesOf(program, options)
    try {
      this.#backend = host.prepare(program, options, this.#states)
    } catch (error) {
      this.#states.release()
      throw error
    }
    const backend = this.#backend
    this.#record = backend.record
    this.workers = backend.workers
    if (backend.runNow) {
      this.runNow = (steps) => {
        this.#begin(steps, false)
        return this.#result(backend.runNow?.(steps) ?? 'done')
      }
    }
    host.live.set(this, this.#states)
  }

  get step(): number {
    return this.#record.step
  }

  get memory(): ChunkMemory {
    this.#checkAlive()
    const { sums, rows, lastLossView } = this.#record
    return { sums, rows, lastLoss: lastLossView, states: this.#states.views }
  }

  /** @throws UserError while `run` is under way, too */
  begin(
    steps: number,
    { workers = 1, continues = false, times = 1, threads = workers }: ChunkOptions = {},
  ): readonly ChunkTask[] {
    checkWorkers(workers, this.workers)
    invariant(times === 1 || (workers === 1 && !continues), 'chunks that follow one another are of one worker')
    this.#begin(steps, continues, times)
    return this.#backend.tasks(steps, workers, threads)
  }

  finish(outcomes: readonly ChunkOutcome[], copy?: ChunkCopy): ChunkResult {
    const outcome = outcomes.find((each) => each === 'abandoned') ?? outcomes[0]
    invariant(outcome !== undefined, 'a chunk has an outcome')
    // The worker modules of engines return the status.
    const status = outcome as ChunkStatus
    if (copy === undefined) return this.#result(status)
    const step = this.#since + this.#steps
    const result = this.#result(status, { ...copy, step })
    this.#since = step
    return result
  }

  async run({ steps, continues = false, signal, onProgress }: RunOptions): Promise<ChunkResult> {
    this.#begin(steps, continues)
    this.#isRunning = true
    try {
      const slices = this.#backend.slices(steps)
      for (;;) {
        if (signal?.aborted === true) this.stop()
        const { done, value } = await slices.next()
        if (done === true) return this.#result(value)
        onProgress?.(this.progress())
        await nextTurn()
        this.#checkAlive()
      }
    } catch (error) {
      // Whatever fails once the memory is gone fails for that reason.
      this.#checkAlive()
      throw error
    } finally {
      this.#isRunning = false
    }
  }

  progress(): Progress {
    this.#checkAlive()
    const results: Record<string, Float32Array> = {}
    const last: Record<string, number> = {}
    for (const { name, index } of this.#averaged) {
      const values = this.#record.last[index]
      if (values === undefined || values.length === 0) continue
      results[name] = values.slice()
      if (values.length === 1) last[name] = values[0] ?? NaN
    }
    return { step: this.step, last, results }
  }

  stop(): void {
    if (this.host.live.has(this)) this.#record.stopped = true
  }

  abandon(): void {
    if (this.host.live.has(this)) this.#backend.abandon()
  }

  position(): Position {
    this.#checkAlive()
    const { step, lastLoss } = this.#record
    return { step, since: this.#since, sums: this.#sums(1), rows: this.#rows(), lastLoss }
  }

  seek(position: Position): void {
    this.#checkAlive()
    checkPosition(this.program, position)
    const { step, since, lastLoss } = position
    this.#record.step = step
    this.#record.lastLoss = lastLoss
    this.#since = since
    if (step === since) {
      this.#clear()
      return
    }
    for (const { name, index } of this.#averaged) {
      this.#record.sums[index]?.set(position.sums[name] ?? [])
    }
    for (const { name, index, size } of this.#collected) {
      const [from, to] = [position.rows[name], this.#record.rows[index]]
      let taken = 0
      for (const [begin, end] of placesOf(this.program, since, step)) {
        const count = (end - begin) * size
        if (from) to?.set(from.subarray(taken, taken + count), begin * size)
        taken += count
      }
    }
  }

  profile(): ExecutionProfile | undefined {
    this.#checkAlive()
    return this.#backend.profile?.()
  }

  read(): Record<string, Float32Array> {
    this.#checkAlive()
    return this.#states.read()
  }

  write(values: StateValues): void {
    this.#checkAlive()
    this.#states.write(values)
  }

  /** Only when no worker runs a chunk of it: its memory goes to others. */
  dispose(): void {
    if (!this.host.live.delete(this)) return
    this.#backend.dispose()
    this.#states.release()
  }

  #checkAlive(): void {
    if (!this.host.live.has(this)) throw new UserError('this execution was disposed')
  }

  #begin(steps: number, continues: boolean, times = 1): void {
    this.#checkAlive()
    if (this.#isRunning) throw new UserError('this execution is running already')
    const { step } = this.#record
    const all = steps * times
    const startsOver = !continues && this.program.program.updates.length === 0 && step + all > MOST_STEPS
    const first = startsOver ? step % this.stepsPerEpoch : step
    checkSteps(all, first)
    if (startsOver) this.#record.step = first
    this.#steps = steps
    this.#record.stopped = false
    if (continues) return
    this.#since = first
    this.#clear()
  }

  #clear(): void {
    for (const { index } of this.#averaged) this.#record.sums[index]?.fill(0)
  }

  #result(status: ChunkStatus, end: ChunkCopy & { readonly step: number } = this.#record): ChunkResult {
    const { step, lastLoss } = end
    const examples = examplesBefore(this.program, step) - examplesBefore(this.program, this.#since)
    const steps = step - this.#since
    return { status, steps, means: this.#sums(examples, end), rows: this.#rows(end), lastLoss }
  }

  #sums(divisor: number, { sums: from }: Pick<ChunkCopy, 'sums'> = this.#record): Record<string, Float64Array> {
    const sums: Record<string, Float64Array> = {}
    for (const { name, index } of this.#averaged) {
      const own = (sums[name] = from[index]?.slice() ?? new Float64Array())
      for (let i = 0; i < own.length; i++) own[i] = (own[i] ?? 0) / divisor
    }
    return sums
  }

  #rows(end: Pick<ChunkCopy, 'rows'> & { readonly step: number } = this.#record): Record<string, Float32Array> {
    const places = placesOf(this.program, this.#since, end.step)
    const rows: Record<string, Float32Array> = {}
    for (const { name, index, size } of this.#collected) {
      const values = end.rows[index] ?? new Float32Array()
      const parts = places.map(([begin, end]) => values.slice(begin * size, end * size))
      const [first = new Float32Array(), second] = parts
      if (second === undefined) {
        rows[name] = first
        continue
      }
      const both = (rows[name] = new Float32Array(first.length + second.length))
      both.set(first)
      both.set(second, first.length)
    }
    return rows
  }
}
