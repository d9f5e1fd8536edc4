/**
 * A BatchProgram compiled over a split: its run words, plans and states in the arena.
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
  type Program,
  type RunOptions,
  type ChunkOptions,
  type ChunkOutcome,
  type ChunkResult,
  type StateValues,
} from '@gradpool/core'
import { availableParallelism } from 'node:os'
import type { Arena } from './arena.js'
import type { KernelCode, Kernels } from './kernels.js'
import { defectOf } from './defect.js'
import { PLAN_VERSION, RESULT, EXEC, EXEC_STATUS, STACK_BYTES } from './instructions.js'
import { Plan } from './planner/plan.js'
import { executeChunk, type CpuChunkTask } from './chunk.js'
import { States } from './states.js'

/** How long a run in place lets the event loop wait between looks at progress and the abort signal. */
const SLICE_MS = 25

/** How often a worker looks whether the others have arrived before it sleeps; some 100 microseconds. */
const SPINS = 4000

/** What executions of one engine have in common. */
export interface Host {
  readonly arenaId: string
  readonly arena: Arena
  readonly code: KernelCode
  readonly kernels: Kernels
  /** Address of a field's values in the arena; each call is undone by one of `release`. */
  place(field: Field): number
  release(field: Field): void
  /** A worker that waits longer than this for the others gives the chunk up. */
  readonly barrierTimeoutMs: number
  /** Those that hold memory. */
  readonly executions: Set<Execution>
}

export class CpuExecution implements Execution {
  readonly program: BatchProgram
  readonly stepsPerEpoch: number
  readonly workers: number
  readonly #host: Host
  readonly #states: States
  readonly #resultSizes: readonly { readonly name: string; readonly size: number }[]
  readonly #owned: number[] = []
  readonly #fields: Field[] = []
  readonly #exec: number
  readonly #words: Int32Array
  readonly #results: number
  /** Where the stack of each worker begins; that of the first is used by one that runs alone. */
  readonly #stacks: number
  /** `step` when the chunk in progress began. */
  #chunkStart = 0
  #isRunning = false

  /** @throws UserError for a field, a row or a state that does not fit the program. */
  constructor(host: Host, program: BatchProgram, options: CompileOptions) {
    checkFit(program, options)
    this.#host = host
    this.program = program
    this.workers = options.workers ?? 1
    this.stepsPerEpoch = stepsPerEpochOf(program)
    this.#resultSizes = program.program.results.map(({ name, node }) => ({
      name,
      size: sizeOf(program.program.node(node).shape),
    }))
    this.#states = this.#makeStates(options)
    try {
      this.#exec = this.#allocate(4 * EXEC.WORDS)
      this.#words = host.arena.words(this.#exec, EXEC.WORDS).fill(0)
      this.#results = this.#allocate(4 * RESULT.WORDS * this.#resultSizes.length)
      this.#stacks = this.#allocate(this.workers * STACK_BYTES)
      this.#writeRun(options)
    } catch (error) {
      this.#release()
      throw error
    }
    host.executions.add(this)
  }

  get step(): number {
    return Atomics.load(this.#words, EXEC.STEP)
  }

  /** @throws UserError as every engine, and while `run` is under way. */
  begin(steps: number, { workers = 1, continues = false }: ChunkOptions = {}): CpuChunkTask[] {
    checkWorkers(workers, this.workers)
    this.#checkAlive()
    if (this.#isRunning) throw new UserError('this execution is running already')
    checkSteps(steps, this.step)
    this.#words[EXEC.CONTINUE] = Number(continues)
    this.#words[EXEC.WORKERS] = workers
    // Where there are more workers than cores, to look again keeps another from getting there.
    this.#words[EXEC.SPINS] = workers <= availableParallelism() ? SPINS : 0
    this.#words[EXEC.BARRIER_TIMEOUT] = this.#host.barrierTimeoutMs
    Atomics.store(this.#words, EXEC.ARRIVED, 0)
    Atomics.store(this.#words, EXEC.ABANDONED, 0)
    Atomics.store(this.#words, EXEC.STOP, 0)
    if (!continues) this.#chunkStart = this.step
    return Array.from({ length: workers }, (_, worker) => this.#task(steps, worker))
  }

  finish(outcomes: readonly ChunkOutcome[]): ChunkResult {
    const abandoned = EXEC_STATUS.indexOf('abandoned')
    const outcome = outcomes.find((each) => Number(each) === abandoned) ?? outcomes[0]
    const status = EXEC_STATUS[Number(outcome)]
    invariant(status !== undefined && status !== 'refused', 'plan and kernels are of one version')
    const examples =
      examplesBefore(this.program, this.step) - examplesBefore(this.program, this.#chunkStart)
    const means = this.#sums().map(
      ({ name, sums }) => [name, Float64Array.from(sums, (sum) => sum / examples)] as const,
    )
    return {
      status,
      steps: this.step - this.#chunkStart,
      means: Object.fromEntries(means),
      lastLoss: this.#lastLoss[0] ?? NaN,
    }
  }

  async run({ steps, signal, onProgress }: RunOptions): Promise<ChunkResult> {
    this.begin(steps)
    this.#isRunning = true
    try {
      let slice = 1
      let outcome = 0
      for (let done = 0; done < steps && outcome === 0; done = this.step - this.#chunkStart) {
        if (signal?.aborted === true) {
          outcome = EXEC_STATUS.indexOf('stopped')
          break
        }
        const started = performance.now()
        outcome = executeChunk(this.#task(Math.min(slice, steps - done), 0))
        this.#words[EXEC.CONTINUE] = 1
        const elapsedMs = Math.max(performance.now() - started, 0.001)
        const fitting = Math.round((slice * SLICE_MS) / elapsedMs)
        slice = Math.max(1, Math.min(2 * slice, fitting))
        onProgress?.(this.progress())
        await new Promise((resolve) => setImmediate(resolve))
        this.#checkAlive()
      }
      return this.finish([outcome])
    } finally {
      this.#isRunning = false
    }
  }

  progress(): Progress {
    this.#checkAlive()
    const results = this.#resultSizes.map(({ name, size }, index) => {
      const values = this.#host.arena.floats(this.#resultWord(index, RESULT.LAST), size)
      return [name, values.slice()] as const
    })
    const last = results.filter(([, { length }]) => length === 1)
    return {
      step: this.step,
      last: Object.fromEntries(last.map(([name, [value = NaN]]) => [name, value])),
      results: Object.fromEntries(results),
    }
  }

  stop(): void {
    if (this.#host.executions.has(this)) Atomics.store(this.#words, EXEC.STOP, 1)
  }

  abandon(): void {
    if (this.#host.executions.has(this)) Atomics.store(this.#words, EXEC.ABANDONED, 1)
  }

  position(): Position {
    this.#checkAlive()
    const sums = this.#sums().map(({ name, sums }) => [name, sums.slice()] as const)
    return {
      step: this.step,
      since: this.#chunkStart,
      sums: Object.fromEntries(sums),
      lastLoss: this.#lastLoss[0] ?? NaN,
    }
  }

  seek(position: Position): void {
    this.#checkAlive()
    checkPosition(this, position)
    const { step, since, sums: given, lastLoss } = position
    Atomics.store(this.#words, EXEC.STEP, step)
    this.#set(
      EXEC.EXAMPLES,
      examplesBefore(this.program, step) - examplesBefore(this.program, since),
    )
    this.#chunkStart = since
    this.#lastLoss[0] = lastLoss
    for (const { name, sums } of this.#sums()) sums.set(given[name] ?? [])
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
    if (this.#host.executions.delete(this)) this.#release()
  }

  /** For executions that share them. */
  get states(): States {
    this.#checkAlive()
    return this.#states
  }

  #checkAlive(): void {
    if (!this.#host.executions.has(this)) throw new UserError('this execution was disposed')
  }

  #release(): void {
    for (const address of this.#owned) this.#host.arena.free(address)
    for (const field of this.#fields) this.#host.release(field)
    this.#states.release()
  }

  #task(steps: number, worker: number): CpuChunkTask {
    const { arenaId, code, arena } = this.#host
    return {
      arena: arenaId,
      code,
      memory: arena.memory,
      exec: this.#exec,
      stackTop: this.#stacks + (worker + 1) * STACK_BYTES,
      steps,
      worker,
    }
  }

  #makeStates({ seed, state, shareStateOf }: CompileOptions): States {
    const { program } = this.program
    if (shareStateOf) {
      if (!(shareStateOf instanceof CpuExecution) || shareStateOf.#host !== this.#host) {
        throw new UserError('states are shared between executions of one engine only')
      }
      return shareStateOf.states.shareWith(program)
    }
    const states = new States(this.#host.arena, program)
    states.write({ ...initialState(program, seed), ...state })
    return states
  }

  #writeRun({ data, seed, orderSeed = seed }: CompileOptions): void {
    const { arena } = this.#host
    const { program, tail, batchSize, numExamples, shuffle } = this.program
    const rows = this.#allocate(4 * numExamples)
    arena.words(rows, numExamples).set(data.rows)
    const stepInput = this.#allocate(4)
    const seedInput = this.#allocate(4)
    const addresses = new Map<Field, number>()
    const addressOf = (field: Field): number => {
      const address = addresses.get(field) ?? this.#host.place(field)
      if (!addresses.has(field)) this.#fields.push(field)
      addresses.set(field, address)
      return address
    }
    const planOf = (part: Program, size: number): Plan =>
      new Plan(part, {
        batchSize: size,
        state: (name) => this.#states.address(name),
        field: (name) => {
          const field = data.fields[name]
          invariant(field, `field ${name} was checked`)
          return { address: addressOf(field), dtype: field.dtype }
        },
        step: stepInput,
        seed: seedInput,
        matmulScratch: (...shape) => this.#host.kernels.matmulScratch(...shape),
        isShared: this.workers > 1,
      })
    const plans = {
      full: planOf(program, batchSize),
      rest: tail && planOf(tail, numExamples % batchSize),
    }
    const workingBytes = Math.max(plans.full.workingBytes, plans.rest?.workingBytes ?? 0)
    const working = this.#allocate(this.workers * workingBytes)
    const place = (plan: Plan): { plan: Plan; address: number; words: number } => {
      const address = this.#allocate(plan.numBytes)
      const { numInstructionWords } = plan.write(arena.memory, address, working)
      return { plan, address, words: numInstructionWords }
    }
    const full = place(plans.full)
    const rest = plans.rest && place(plans.rest)
    this.#set(EXEC.VERSION, PLAN_VERSION)
    this.#set(EXEC.LAST_LOSS, NAN_BITS)
    this.#set(EXEC.SEED, seed)
    this.#set(EXEC.ORDER_SEED, orderSeed)
    this.#set(EXEC.ROWS, rows)
    this.#set(EXEC.ORDER, shuffle ? this.#allocate(4 * numExamples) : 0)
    this.#set(EXEC.ORDER_EPOCH, -1)
    this.#set(EXEC.NUM_EXAMPLES, numExamples)
    this.#set(EXEC.BATCH_SIZE, batchSize)
    this.#set(EXEC.INDICES, this.#allocate(4 * batchSize))
    this.#set(EXEC.STEP_INPUT, stepInput)
    this.#set(EXEC.SEED_INPUT, seedInput)
    this.#set(EXEC.PROGRAM, full.address)
    this.#set(EXEC.PROGRAM_WORDS, full.words)
    this.#set(EXEC.TAIL, rest?.address ?? 0)
    this.#set(EXEC.TAIL_WORDS, rest?.words ?? 0)
    this.#set(EXEC.NUM_RESULTS, this.#resultSizes.length)
    this.#set(EXEC.RESULTS, this.#results)
    this.#set(EXEC.WORKERS, this.workers)
    this.#set(EXEC.WORKING, workingBytes)
    for (const [index, { size }] of this.#resultSizes.entries()) {
      const record = arena.words(this.#results + 4 * RESULT.WORDS * index, RESULT.WORDS)
      record[RESULT.COUNT] = size
      record[RESULT.VALUE] = full.plan.resultAddress(index, full.address)
      record[RESULT.TAIL_VALUE] = rest ? rest.plan.resultAddress(index, rest.address) : 0
      record[RESULT.SUM] = this.#allocate(8 * size)
      const last = this.#allocate(4 * size)
      arena.words(last, size).fill(NAN_BITS)
      record[RESULT.LAST] = last
    }
    const code = this.#host.kernels.check(this.#exec)
    if (code !== 0) {
      const defect = defectOf(code, this.#words, (address, count) => arena.words(address, count))
      invariant(false, `all that a plan does stays in the arena; not so ${defect}`)
    }
  }

  #set(word: number, value: number): void {
    this.#words[word] = value
  }

  #allocate(numBytes: number): number {
    const address = this.#host.arena.allocate(numBytes)
    this.#owned.push(address)
    return address
  }

  /** The sums in the arena, not copies. */
  #sums(): { readonly name: string; readonly sums: Float64Array }[] {
    return this.#resultSizes.map(({ name, size }, index) => ({
      name,
      sums: this.#host.arena.doubles(this.#resultWord(index, RESULT.SUM), size),
    }))
  }

  get #lastLoss(): Float32Array {
    return this.#host.arena.floats(this.#exec + 4 * EXEC.LAST_LOSS, 1)
  }

  #resultWord(index: number, word: number): number {
    const [value = 0] = this.#host.arena.words(this.#results + 4 * (RESULT.WORDS * index + word), 1)
    // Words are signed, addresses are not.
    return value >>> 0
  }
}

const NAN_BITS = 0x7fc00000
