/**
 * States and records of executions in shared memory, for engines that have no memory of their own.
 * A task carries the `data`, by which a worker sees the same memory.
 */
import { invariant } from '../errors.js'
import type { Program } from '../program/program.js'
import { resultSize, type BatchProgram } from '../training/batch-program.js'
import type { StateValues } from './engine.js'
import type { ExecutionRecord } from './backend.js'
import { stateSizes } from './execution-checks.js'
import { NamedStates } from './named-states.js'
import { WordRecord } from './word-record.js'

/** Structured-cloneable; memory is shared, not copied. */
export interface SharedRecordData extends Pick<ExecutionRecord, 'sums' | 'rows' | 'last'> {
  /** Stop, disposed, step; then, in the place of two, the last finite loss. */
  readonly words: Int32Array
}

const WORD = { STOP: 0, DISPOSED: 1, STEP: 2, LAST_LOSS: 4, WORDS: 6 } as const

export class SharedRecord extends WordRecord {
  readonly data: SharedRecordData

  constructor(data: SharedRecordData) {
    super(data.words, WORD, new Float64Array(data.words.buffer, 4 * WORD.LAST_LOSS, 1))
    this.data = data
  }

  /**
   * @param tellsLast whether the values at the last step of a result of so many elements are told.
   *   Default: of all.
   */
  static create(program: BatchProgram, tellsLast: (size: number) => boolean = () => true): SharedRecord {
    const sized = program.program.results.map((result) => {
      return { rows: result.rows === true, size: resultSize(program, result) }
    })
    const floats = (size: number) => new Float32Array(new SharedArrayBuffer(4 * size))
    const record = new SharedRecord({
      words: new Int32Array(new SharedArrayBuffer(4 * WORD.WORDS)),
      sums: sized.map(({ rows, size }) => new Float64Array(new SharedArrayBuffer(rows ? 0 : 8 * size))),
      rows: sized.map(({ rows, size }) => floats(rows ? program.numExamples * size : 0)),
      last: sized.map(({ rows, size }) => floats(!rows && tellsLast(size) ? size : 0).fill(NaN)),
    })
    record.lastLoss = NaN
    return record
  }

  get sums(): readonly Float64Array[] {
    return this.data.sums
  }

  get rows(): readonly Float32Array[] {
    return this.data.rows
  }

  get last(): readonly Float32Array[] {
    return this.data.last
  }

  /** Whether workers may forget the execution. */
  get disposed(): boolean {
    return Atomics.load(this.data.words, WORD.DISPOSED) !== 0
  }

  dispose(): void {
    Atomics.store(this.data.words, WORD.DISPOSED, 1)
  }

  /** Adds to the sums of a result. */
  add(index: number, values: ArrayLike<number>, weight: number): void {
    const sums = this.sums[index]
    if (sums === undefined) return
    for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] ?? 0) + (values[i] ?? 0) * weight
  }
}

/** Where a state is: elements from the first float on. */
interface Region {
  readonly offset: number
  readonly size: number
}

/** Structured-cloneable; memory is shared, not copied. */
export interface SharedStatesData {
  readonly buffer: SharedArrayBuffer
  readonly regions: ReadonlyMap<string, Region>
}

/** Values of states by name, with a version that changes when they do. */
export class SharedStates extends NamedStates {
  readonly data: SharedStatesData
  readonly #version: Int32Array
  readonly #floats: Float32Array

  constructor(data: SharedStatesData) {
    super(new Map([...data.regions].map(([name, { size }]) => [name, size])))
    this.data = data
    this.#version = new Int32Array(data.buffer, 0, 1)
    this.#floats = new Float32Array(data.buffer, 4)
  }

  static create(program: Program): SharedStates {
    const regions = new Map<string, Region>()
    let offset = 0
    for (const [name, size] of stateSizes(program)) {
      regions.set(name, { offset, size })
      offset += size
    }
    return new SharedStates({ buffer: new SharedArrayBuffer(4 + 4 * offset), regions })
  }

  get version(): number {
    return Atomics.load(this.#version, 0)
  }

  override write(values: StateValues): void {
    super.write(values)
    Atomics.add(this.#version, 0, 1)
  }

  release(): void {
    // Shared memory is collected as garbage.
  }

  protected view(name: string): Float32Array {
    const region = this.data.regions.get(name)
    invariant(region, `state ${name} exists`)
    return this.#floats.subarray(region.offset, region.offset + region.size)
  }
}
