/**
 * Writes a BatchProgram and its split into the arena: plans, rows, records of results, and the words that tell the
 * kernels where these are (`kernels/plan.h`).
 */
import {
  invariant,
  resultSize,
  stepsPerEpochOf,
  WordRecord,
  type BatchProgram,
  type CompileOptions,
  type Field,
  type Program,
} from '@gradpool/core/engine'
import type { Arena } from './arena.js'
import type { BoundCode, Kernels } from './kernels.js'
import { defectOf } from './defect.js'
import { EXEC, PLAN_VERSION, RESULT, STACK_BYTES } from './instructions.js'
import type { InputPlaces, Plan } from './planner/plan.js'
import type { Plans } from './planner/plans.js'
import { ArenaProfile } from './profile.js'
import type { ArenaStates } from './states.js'

/** What executions of one engine have in common. */
export interface Host {
  readonly arenaId: string
  readonly arena: Arena
  readonly code: BoundCode
  readonly kernels: Kernels
  readonly plans: Plans
  /** Address of a field's values in the arena, valid until the user releases it. */
  place(field: Field, user: object): number
  release(user: object): void
  /** A worker that waits longer than this for the others abandons the chunk. */
  readonly barrierTimeoutMs: number
}

/** An execution in the arena. */
export class CompiledProgram {
  /** Address of the words. */
  readonly exec: number
  readonly words: Int32Array
  /** Address of the workers' stacks, one after the other. A worker that runs alone uses the first. */
  readonly stacks: number
  readonly record: ArenaRecord
  /** Where one was asked for. */
  profile: ArenaProfile | undefined
  readonly #host: Host
  readonly #owned: number[] = []

  /** @throws UserError if the arena is full; what was allocated until then is freed */
  constructor(host: Host, program: BatchProgram, options: CompileOptions, states: ArenaStates) {
    this.#host = host
    try {
      this.exec = this.#allocate(4 * EXEC.WORDS)
      this.words = host.arena.words(this.exec, EXEC.WORDS).fill(0)
      this.stacks = this.#allocate((options.workers ?? 1) * STACK_BYTES)
      this.record = this.#write(program, options, states)
      this.#check()
    } catch (error) {
      this.dispose()
      throw error
    }
  }

  dispose(): void {
    for (const address of this.#owned) this.#host.arena.free(address)
    this.#host.release(this)
  }

  #write(
    batchProgram: BatchProgram,
    { data, seed, workers = 1, profile = false }: CompileOptions,
    states: ArenaStates,
  ): ArenaRecord {
    const { arena } = this.#host
    const { program, tail, batchSize, numExamples, shuffle } = batchProgram
    const rows = this.#allocate(4 * numExamples)
    arena.words(rows, numExamples).set(data.rows)
    const stepInput = this.#allocate(4)
    const seedInput = this.#allocate(4)
    const fieldOf = (name: string): Field => {
      const field = data.fields[name]
      invariant(field, `field ${name} was checked`)
      return field
    }
    const placed = new Map(program.fields.map(({ name }) => [name, this.#host.place(fieldOf(name), this)]))
    const planOf = (part: Program, batchSize: number): Plan =>
      this.#host.plans.of(part, { batchSize, isShared: workers > 1, dtypeOf: (name) => fieldOf(name).dtype })
    const inputs: InputPlaces = {
      state: (name) => states.address(name),
      field: (name) => placed.get(name) ?? this.#host.place(fieldOf(name), this),
      step: stepInput,
      seed: seedInput,
    }
    const plans = {
      full: planOf(program, batchSize),
      rest: tail && planOf(tail, numExamples % batchSize),
    }
    const workingBytes = Math.max(plans.full.workingBytes, plans.rest?.workingBytes ?? 0)
    const working = this.#allocate(workers * workingBytes)
    const place = (plan: Plan): { plan: Plan; address: number } => {
      const address = this.#allocate(plan.numBytes)
      plan.write(arena.memory, address, working, inputs)
      return { plan, address }
    }
    if (profile) {
      const profiled = {
        plans: { full: plans.full, tail: plans.rest },
        workers,
        stepsPerEpoch: stepsPerEpochOf(batchProgram),
      }
      this.profile = new ArenaProfile(arena, (numBytes) => this.#allocate(numBytes), profiled)
    }
    const full = place(plans.full)
    const rest = plans.rest && place(plans.rest)
    const { length: numResults } = program.results
    const results = this.#allocate(4 * RESULT.WORDS * numResults)
    const words: Partial<Record<keyof typeof EXEC, number>> = {
      VERSION: PLAN_VERSION,
      LAST_LOSS: NAN_BITS,
      SEED: seed,
      ROWS: rows,
      ORDER: shuffle ? this.#allocate(4 * numExamples) : 0,
      ORDER_EPOCH: -1,
      NUM_EXAMPLES: numExamples,
      BATCH_SIZE: batchSize,
      INDICES: this.#allocate(4 * batchSize),
      STEP_INPUT: stepInput,
      SEED_INPUT: seedInput,
      PROGRAM: full.address,
      PROGRAM_WORDS: full.plan.numInstructionWords,
      TAIL: rest?.address ?? 0,
      TAIL_WORDS: rest?.plan.numInstructionWords ?? 0,
      NUM_RESULTS: numResults,
      RESULTS: results,
      WORKERS: workers,
      WORKING: workingBytes,
    }
    for (const [name, value] of Object.entries(words)) {
      this.words[EXEC[name as keyof typeof EXEC]] = value
    }
    const lastLoss = arena.floats(this.exec + 4 * EXEC.LAST_LOSS, 1)
    const record = new ArenaRecord(this.words, EXEC, lastLoss)
    for (const [index, result] of program.results.entries()) {
      const size = resultSize(batchProgram, result)
      const numRows = result.rows ? numExamples : 0
      const [sum, last, collected] = result.rows
        ? [0, 0, this.#allocate(4 * size * numRows)]
        : [this.#allocate(8 * size), this.#allocate(4 * size), 0]
      const told = arena.words(results + 4 * RESULT.WORDS * index, RESULT.WORDS)
      told[RESULT.COUNT] = size
      told[RESULT.VALUE] = full.plan.resultAddress(index, full.address, inputs)
      told[RESULT.TAIL_VALUE] = rest ? rest.plan.resultAddress(index, rest.address, inputs) : 0
      told[RESULT.SUM] = sum
      told[RESULT.LAST] = last
      told[RESULT.ROWS] = collected
      record.sums.push(arena.doubles(sum, result.rows ? 0 : size).fill(0))
      record.last.push(arena.floats(last, result.rows ? 0 : size).fill(NaN))
      record.rows.push(arena.floats(collected, size * numRows))
    }
    return record
  }

  /** Checks the planner's work before the kernels run it. */
  #check(): void {
    const { arena, kernels } = this.#host
    const code = kernels.check(this.exec)
    if (code === 0) return
    const defect = defectOf(code, this.words, (address, count) => arena.words(address, count))
    invariant(false, `all that a plan does stays in the arena; not so ${defect}`)
  }

  #allocate(numBytes: number): number {
    const address = this.#host.arena.allocate(numBytes)
    this.#owned.push(address)
    return address
  }
}

const NAN_BITS = 0x7fc00000

/** The record of an execution: views of the arena memory that the kernels write. */
class ArenaRecord extends WordRecord {
  readonly sums: Float64Array[] = []
  readonly rows: Float32Array[] = []
  readonly last: Float32Array[] = []
}
