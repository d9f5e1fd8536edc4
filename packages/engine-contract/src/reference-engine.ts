/**
 * The reference evaluator as one more engine, so that the suite is held to what it holds others to. States are rounded to f32
 * after each step.
 */
import {
  checkFit,
  checkPosition,
  checkSharedStates,
  checkStates,
  checkSteps,
  checkWorkers,
  examplesBefore,
  initialState,
  sizeOf,
  stateSizes,
  stepsPerEpochOf,
  UserError,
  type BatchProgram,
  type CompileOptions,
  type Engine,
  type Execution,
  type Position,
  type Progress,
  type RunOptions,
  type ChunkOptions,
  type ChunkOutcome,
  type ChunkResult,
  type StateValues,
} from '@gradpool/core'
import { runSteps, WORD, type ReferenceOutcome, type ReferenceTask } from './reference-chunk.js'

export function referenceEngine(): Promise<Engine> {
  return Promise.resolve(new ReferenceEngine())
}

class ReferenceEngine implements Engine {
  readonly name = 'reference'
  readonly description = 'the reference evaluator'
  readonly numerics = 'reference'
  readonly workerModule = new URL(
    import.meta.url.endsWith('.ts') ? '../dist/reference-chunk.js' : './reference-chunk.js',
    import.meta.url,
  ).href
  readonly executions = new Set<Execution>()
  readonly allocate = (numBytes: number): Uint8Array => new Uint8Array(numBytes)

  compile(program: BatchProgram, options: CompileOptions): Promise<Execution> {
    return new Promise((resolve) => {
      resolve(new ReferenceExecution(this, program, options))
    })
  }

  dispose(): Promise<void> {
    this.executions.clear()
    return Promise.resolve()
  }
}

class ReferenceExecution implements Execution {
  readonly workers = 1
  readonly stepsPerEpoch: number
  readonly #engine: ReferenceEngine
  readonly #task: Omit<ReferenceTask, 'steps'>
  readonly #words: Int32Array
  readonly #lastLoss: Float64Array
  #since = 0
  #sums: readonly Float64Array[]
  #isRunning = false

  constructor(
    engine: ReferenceEngine,
    readonly program: BatchProgram,
    options: CompileOptions,
  ) {
    checkFit(program, options)
    const { data, seed, orderSeed = seed } = options
    this.#engine = engine
    this.stepsPerEpoch = stepsPerEpochOf(program)
    const words = new SharedArrayBuffer(4 * WORD.WORDS)
    this.#words = new Int32Array(words)
    this.#lastLoss = new Float64Array(words, 8 * WORD.LAST_LOSS, 1).fill(NaN)
    const last = this.#results.map(({ size }) =>
      new Float32Array(new SharedArrayBuffer(4 * size)).fill(NaN),
    )
    const { fields, rows } = data
    const states = this.#makeStates(options)
    this.#task = { program, fields, rows, seed, orderSeed, words, last, states }
    this.#sums = this.#noSums()
    engine.executions.add(this)
  }

  get step(): number {
    return Atomics.load(this.#words, WORD.STEP)
  }

  begin(steps: number, { workers = 1, continues = false }: ChunkOptions = {}): [ReferenceTask] {
    checkWorkers(workers, this.workers)
    this.#checkAlive()
    if (this.#isRunning) throw new UserError('this execution is running already')
    checkSteps(steps, this.step)
    Atomics.store(this.#words, WORD.STOP, 0)
    if (!continues) {
      this.#since = this.step
      this.#sums = this.#noSums()
    }
    return [{ ...this.#task, steps }]
  }

  finish([outcome]: readonly ChunkOutcome[]): ChunkResult {
    const { status, sums } = outcome as ReferenceOutcome
    for (const [index, total] of this.#sums.entries()) {
      sums[index]?.forEach((sum, element) => (total[element] = (total[element] ?? 0) + sum))
    }
    const examples =
      examplesBefore(this.program, this.step) - examplesBefore(this.program, this.#since)
    return {
      status,
      steps: this.step - this.#since,
      means: this.#named((sums) => sums.map((sum) => sum / examples)),
      lastLoss: this.#lastLoss[0] ?? NaN,
    }
  }

  async run({ steps, signal, onProgress }: RunOptions): Promise<ChunkResult> {
    const slices = runSteps(this.begin(steps)[0])
    this.#isRunning = true
    try {
      for (;;) {
        if (signal?.aborted === true) this.stop()
        const { done, value } = slices.next()
        if (done === true) return this.finish([value])
        onProgress?.(this.progress())
        await new Promise((resolve) => setImmediate(resolve))
        this.#checkAlive()
      }
    } finally {
      this.#isRunning = false
    }
  }

  progress(): Progress {
    this.#checkAlive()
    const results = this.#results.map(
      ({ name }, index) => [name, Float32Array.from(this.#task.last[index] ?? [])] as const,
    )
    const last = results.flatMap(([name, values]) =>
      values.length === 1 ? [[name, values[0] ?? NaN] as const] : [],
    )
    return {
      step: this.step,
      last: Object.fromEntries(last),
      results: Object.fromEntries(results),
    }
  }

  stop(): void {
    Atomics.store(this.#words, WORD.STOP, 1)
  }

  abandon(): void {
    this.stop()
  }

  position(): Position {
    this.#checkAlive()
    return {
      step: this.step,
      since: this.#since,
      sums: this.#named((sums) => sums.slice()),
      lastLoss: this.#lastLoss[0] ?? NaN,
    }
  }

  seek(position: Position): void {
    this.#checkAlive()
    checkPosition(this, position)
    const { step, since, sums, lastLoss } = position
    Atomics.store(this.#words, WORD.STEP, step)
    this.#lastLoss[0] = lastLoss
    this.#since = since
    this.#sums = this.#results.map(({ name }) => Float64Array.from(sums[name] ?? []))
  }

  read(): Record<string, Float32Array> {
    this.#checkAlive()
    return Object.fromEntries(
      Object.entries(this.#task.states).map(([name, values]) => [name, Float32Array.from(values)]),
    )
  }

  write(values: StateValues): void {
    this.#checkAlive()
    checkStates(sizesOf(this.#task.states), values)
    for (const [name, given] of Object.entries(values)) this.#task.states[name]?.set(given)
  }

  dispose(): void {
    this.#engine.executions.delete(this)
  }

  #makeStates({ seed, state, shareStateOf }: CompileOptions): ReferenceTask['states'] {
    const { program } = this.program
    if (shareStateOf) {
      if (!(shareStateOf instanceof ReferenceExecution) || shareStateOf.#engine !== this.#engine) {
        throw new UserError('states are shared between executions of one engine only')
      }
      shareStateOf.#checkAlive()
      checkSharedStates(sizesOf(shareStateOf.#task.states), program)
      return shareStateOf.#task.states
    }
    const first: StateValues = { ...initialState(program, seed), ...state }
    return Object.fromEntries(
      [...stateSizes(program)].map(([name, size]) => {
        const values = new Float32Array(new SharedArrayBuffer(4 * size))
        values.set(first[name] ?? [])
        return [name, values]
      }),
    )
  }

  #checkAlive(): void {
    if (!this.#engine.executions.has(this)) throw new UserError('this execution was disposed')
  }

  get #results(): { readonly name: string; readonly size: number }[] {
    const { program } = this.program
    return program.results.map(({ name, node }) => ({
      name,
      size: sizeOf(program.node(node).shape),
    }))
  }

  #noSums(): Float64Array[] {
    return this.#results.map(({ size }) => new Float64Array(size))
  }

  #named(of: (sums: Float64Array) => Float64Array): Record<string, Float64Array> {
    return Object.fromEntries(
      this.#results.map(({ name }, index) => [name, of(this.#sums[index] ?? new Float64Array())]),
    )
  }
}

function sizesOf(states: ReferenceTask['states']): Map<string, number> {
  return new Map(Object.entries(states).map(([name, { length }]) => [name, length]))
}
