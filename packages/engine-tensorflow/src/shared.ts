/**
 * What the main thread and the workers share of an execution: words that tell how far it is, and the values of states
 * between chunks.
 */
import {
  checkSharedStates,
  checkStates,
  invariant,
  stateSizes,
  type Program,
  type StateValues,
} from '@gradpool/core'

/** Int32 words of an execution's shared buffer; the scalar results of the last step follow, as floats. */
const WORD = { STOP: 0, DISPOSED: 1, STEP: 2, LAST_LOSS: 3, RESULTS: 4 } as const

export class SharedProgress {
  readonly buffer: SharedArrayBuffer
  readonly #words: Int32Array
  readonly #floats: Float32Array

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer
    this.#words = new Int32Array(buffer)
    this.#floats = new Float32Array(buffer)
  }

  static create(numResults: number): SharedProgress {
    const shared = new SharedProgress(new SharedArrayBuffer(4 * (WORD.RESULTS + numResults)))
    shared.#floats.fill(NaN, WORD.LAST_LOSS)
    return shared
  }

  get step(): number {
    return Atomics.load(this.#words, WORD.STEP)
  }

  set step(step: number) {
    Atomics.store(this.#words, WORD.STEP, step)
  }

  get stopped(): boolean {
    return Atomics.load(this.#words, WORD.STOP) !== 0
  }

  set stopped(stopped: boolean) {
    Atomics.store(this.#words, WORD.STOP, Number(stopped))
  }

  get disposed(): boolean {
    return Atomics.load(this.#words, WORD.DISPOSED) !== 0
  }

  dispose(): void {
    Atomics.store(this.#words, WORD.DISPOSED, 1)
  }

  /** The last finite loss; NaN before the first. */
  get lastLoss(): number {
    return this.#floats[WORD.LAST_LOSS] ?? NaN
  }

  set lastLoss(loss: number) {
    this.#floats[WORD.LAST_LOSS] = loss
  }

  get results(): Float32Array {
    return this.#floats.subarray(WORD.RESULTS)
  }
}

/** Where a state is: elements from the first float on. */
export interface Region {
  readonly offset: number
  readonly size: number
}

/** Structured-cloneable. */
export interface SharedStatesData {
  readonly buffer: SharedArrayBuffer
  readonly regions: ReadonlyMap<string, Region>
}

/** Values of states by name, with a version that changes when they do. */
export class SharedStates {
  readonly data: SharedStatesData
  readonly #version: Int32Array
  readonly #floats: Float32Array

  constructor(data: SharedStatesData) {
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

  /** @throws UserError for a state of `program` that is not here or has another size */
  checkShared(program: Program): void {
    checkSharedStates(this.#sizes, program)
  }

  /** A copy of a state's values. */
  get(name: string): Float32Array {
    const region = this.data.regions.get(name)
    invariant(region, `state ${name} exists`)
    return Float32Array.from(this.#view(region))
  }

  read(): Record<string, Float32Array> {
    return Object.fromEntries([...this.data.regions.keys()].map((name) => [name, this.get(name)]))
  }

  /** @throws UserError for a name that is not a state, or a wrong number of values */
  write(values: StateValues): void {
    checkStates(this.#sizes, values)
    for (const [name, given] of Object.entries(values)) {
      const region = this.data.regions.get(name)
      if (region) this.#view(region).set(given)
    }
    Atomics.add(this.#version, 0, 1)
  }

  get #sizes(): Map<string, number> {
    return new Map([...this.data.regions].map(([name, { size }]) => [name, size]))
  }

  #view({ offset, size }: Region): Float32Array {
    return this.#floats.subarray(offset, offset + size)
  }
}
