/**
 * A BatchProgram compiled over a split: its run words, plans and states in the arena.
 */
import {
  UserError,
  initialState,
  invariant,
  sizeOf,
  type BatchProgram,
  type CompileOptions,
  type Execution,
  type Field,
  type Progress,
  type Program,
  type RunOptions,
  type SpanOutcome,
  type SpanResult,
  type StateValues,
} from '@gradpool/core'
import type { Arena } from './arena.js'
import type { KernelCode, Kernels } from './kernels.js'
import { defectOf } from './defect.js'
import { PLAN_VERSION, RESULT, RUN, RUN_STATUS, STACK_BYTES } from './instructions.js'
import { Plan } from './planner/plan.js'
import { executeSpan, type CpuSpanTask } from './span.js'
import { sameStates, States } from './states.js'

/** How long a run in place lets the event loop wait between looks at progress and the abort signal. */
const SLICE_MS = 25

/** What executions of one engine have in common. */
export interface Host {
  readonly arenaId: string
  readonly arena: Arena
  readonly code: KernelCode
  readonly kernels: Kernels
  /** Address of a field's values in the arena. */
  place(field: Field): number
  /** Those that hold memory. */
  readonly executions: Set<Execution>
}

export class CpuExecution implements Execution {
  readonly program: BatchProgram
  readonly stepsPerEpoch: number
  readonly #host: Host
  readonly #states: States
  readonly #resultSizes: readonly { readonly name: string; readonly size: number }[]
  readonly #owned: number[] = []
  readonly #run: number
  readonly #words: Int32Array
  readonly #results: number
  readonly #stackTop: number
  /** `step` when the span in progress began. */
  #spanStart = 0

  /** @throws UserError for a field, a row or a state that does not fit the program. */
  constructor(host: Host, program: BatchProgram, options: CompileOptions) {
    checkFit(program, options)
    this.#host = host
    this.program = program
    const { batchSize, numExamples } = program
    this.stepsPerEpoch = program.tail
      ? Math.ceil(numExamples / batchSize)
      : Math.floor(numExamples / batchSize)
    this.#resultSizes = program.program.results.map(({ name, node }) => ({
      name,
      size: sizeOf(program.program.node(node).shape),
    }))
    this.#states = this.#makeStates(options)
    this.#run = this.#allocate(4 * RUN.WORDS)
    this.#words = host.arena.words(this.#run, RUN.WORDS).fill(0)
    this.#results = this.#allocate(4 * RESULT.WORDS * this.#resultSizes.length)
    this.#stackTop = this.#allocate(STACK_BYTES) + STACK_BYTES
    this.#writeRun(options)
    host.executions.add(this)
  }

  get step(): number {
    return Atomics.load(this.#words, RUN.STEP)
  }

  begin(steps: number): CpuSpanTask {
    invariant(this.#host.executions.has(this), 'a disposed execution does not run')
    this.#words[RUN.CONTINUE] = 0
    Atomics.store(this.#words, RUN.STOP, 0)
    this.#spanStart = this.step
    return this.#task(steps)
  }

  finish(outcome: SpanOutcome): SpanResult {
    const status = RUN_STATUS[Number(outcome)]
    invariant(status !== undefined && status !== 'refused', 'plan and kernels are of one version')
    const examples = this.#words[RUN.EXAMPLES] ?? 0
    const means = this.#resultSizes.map(({ name, size }, index) => {
      const sums = this.#host.arena.doubles(this.#resultWord(index, RESULT.SUM), size)
      return [name, Float64Array.from(sums, (sum) => sum / examples)] as const
    })
    return {
      status,
      steps: this.step - this.#spanStart,
      means: Object.fromEntries(means),
      lastLoss: this.#floatWord(this.#run + 4 * RUN.LAST_LOSS),
    }
  }

  async run({ steps, signal, onProgress }: RunOptions): Promise<SpanResult> {
    this.begin(steps)
    let slice = 1
    let outcome = 0
    for (let done = 0; done < steps && outcome === 0; done = this.step - this.#spanStart) {
      if (signal?.aborted === true) {
        outcome = RUN_STATUS.indexOf('stopped')
        break
      }
      const started = performance.now()
      outcome = executeSpan(this.#task(Math.min(slice, steps - done)))
      this.#words[RUN.CONTINUE] = 1
      const elapsedMs = performance.now() - started
      slice = Math.max(
        1,
        Math.min(2 * slice, Math.round((slice * SLICE_MS) / Math.max(elapsedMs, 0.001))),
      )
      onProgress?.(this.progress())
      await new Promise((resolve) => setImmediate(resolve))
    }
    return this.finish(outcome)
  }

  progress(): Progress {
    const last = this.#resultSizes
      .map(({ name, size }, index) => ({
        name,
        size,
        address: this.#resultWord(index, RESULT.LAST),
      }))
      .filter(({ size }) => size === 1)
      .map(({ name, address }) => [name, this.#floatWord(address)] as const)
    return { step: this.step, last: Object.fromEntries(last) }
  }

  stop(): void {
    Atomics.store(this.#words, RUN.STOP, 1)
  }

  read(): Record<string, Float32Array> {
    return this.#states.read()
  }

  write(values: StateValues): void {
    this.#states.write(values)
  }

  dispose(): void {
    if (!this.#host.executions.delete(this)) return
    for (const address of this.#owned) this.#host.arena.free(address)
    this.#states.release()
  }

  get states(): States {
    return this.#states
  }

  #task(steps: number): CpuSpanTask {
    const { arenaId, code, arena } = this.#host
    return {
      arena: arenaId,
      code,
      memory: arena.memory,
      run: this.#run,
      stackTop: this.#stackTop,
      steps,
    }
  }

  #makeStates({ seed, state, shareStateOf }: CompileOptions): States {
    const { program } = this.program
    if (shareStateOf) {
      if (!(shareStateOf instanceof CpuExecution)) {
        throw new UserError('states are shared between executions of one engine only')
      }
      return shareStateOf.states.shareWith(program)
    }
    const states = new States(this.#host.arena, program)
    states.write({ ...initialState(program, seed), ...state })
    return states
  }

  #writeRun({ data, seed }: CompileOptions): void {
    const { arena } = this.#host
    const { program, tail, batchSize, numExamples, shuffle } = this.program
    const rows = this.#allocate(4 * numExamples)
    arena.words(rows, numExamples).set(data.rows)
    const stepInput = this.#allocate(4)
    const seedInput = this.#allocate(4)
    const place = (part: Program, size: number): { plan: Plan; address: number; words: number } => {
      const plan = new Plan(part, {
        batchSize: size,
        state: (name) => this.#states.address(name),
        field: (name) => {
          const field = data.fields[name]
          invariant(field, `field ${name} was checked`)
          return { address: this.#host.place(field), dtype: field.dtype }
        },
        step: stepInput,
        seed: seedInput,
        matmulScratch: (...shape) => this.#host.kernels.matmulScratch(...shape),
      })
      const address = this.#allocate(plan.numBytes)
      return { plan, address, words: plan.write(arena.memory, address).numInstructionWords }
    }
    const full = place(program, batchSize)
    const rest = tail && place(tail, numExamples % batchSize)
    this.#set(RUN.VERSION, PLAN_VERSION)
    this.#set(RUN.LAST_LOSS, NAN_BITS)
    this.#set(RUN.SEED, seed)
    this.#set(RUN.ROWS, rows)
    this.#set(RUN.ORDER, shuffle ? this.#allocate(4 * numExamples) : 0)
    this.#set(RUN.ORDER_EPOCH, -1)
    this.#set(RUN.NUM_EXAMPLES, numExamples)
    this.#set(RUN.BATCH_SIZE, batchSize)
    this.#set(RUN.INDICES, this.#allocate(4 * batchSize))
    this.#set(RUN.STEP_INPUT, stepInput)
    this.#set(RUN.SEED_INPUT, seedInput)
    this.#set(RUN.PROGRAM, full.address)
    this.#set(RUN.PROGRAM_WORDS, full.words)
    this.#set(RUN.TAIL, rest?.address ?? 0)
    this.#set(RUN.TAIL_WORDS, rest?.words ?? 0)
    this.#set(RUN.NUM_RESULTS, this.#resultSizes.length)
    this.#set(RUN.RESULTS, this.#results)
    for (const [index, { size }] of this.#resultSizes.entries()) {
      const record = arena.words(this.#results + 4 * RESULT.WORDS * index, RESULT.WORDS)
      record[RESULT.COUNT] = size
      record[RESULT.VALUE] = full.plan.resultAddress(index, full.address)
      record[RESULT.TAIL_VALUE] = rest ? rest.plan.resultAddress(index, rest.address) : 0
      record[RESULT.SUM] = this.#allocate(8 * size)
      record[RESULT.LAST] = this.#allocate(4)
      arena.words(record[RESULT.LAST] ?? 0, 1)[0] = NAN_BITS
    }
    const code = this.#host.kernels.check(this.#run)
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

  #resultWord(index: number, word: number): number {
    return this.#host.arena.words(this.#results + 4 * (RESULT.WORDS * index + word), 1)[0] ?? 0
  }

  #floatWord(address: number): number {
    return this.#host.arena.floats(address, 1)[0] ?? NaN
  }
}

const NAN_BITS = 0x7fc00000

/** All that would make a kernel read or write what it must not is refused here, once, and not looked at in the loop. */
function checkFit(
  { program, numExamples }: BatchProgram,
  { data, state, seed }: CompileOptions,
): void {
  if (!Number.isInteger(seed) || seed < -(2 ** 31) || seed >= 2 ** 32) {
    throw new UserError(`a seed is a whole number of 32 bits, not ${seed}`)
  }
  if (data.rows.length !== numExamples) {
    throw new UserError(
      `the program was traced for ${numExamples} examples, the data has ${data.rows.length}`,
    )
  }
  for (const { role, name, node } of program.inputs) {
    if (role !== 'batch') continue
    const field = data.fields[name]
    if (!field) {
      const known = Object.keys(data.fields).join(', ')
      throw new UserError(
        `the program reads the field "${name}", which the data does not have (it has: ${known})`,
      )
    }
    const { dtype, shape } = program.node(node)
    const perExample = sizeOf(shape.slice(1))
    if (dtype !== field.dtype || perExample !== sizeOf(field.shape)) {
      throw new UserError(
        `the program reads the field "${name}" as ${dtype}[${shape.slice(1).join(', ')}], the data has ${field.dtype}[${field.shape.join(', ')}]`,
      )
    }
    const numRows = field.values.length / perExample
    const stray = data.rows.find((row) => row < 0 || row >= numRows)
    if (stray !== undefined)
      throw new UserError(`row ${stray} is not in the field "${name}", which has ${numRows} rows`)
  }
  if (state) sameStates(program, state)
}
