/**
 * An engine whose training is one line of arithmetic, and that does what can go wrong at a step of one's choice.
 *
 * The state `w` becomes 1.5 w + seed + 1 at each step; the loss of step n is 1 / (n + 1).
 */
import type {
  BatchProgram,
  ChunkCopy,
  ChunkMemory,
  CompileOptions,
  Engine,
  Execution,
  Position,
  Progress,
  ChunkOptions,
  ChunkOutcome,
  ChunkResult,
  ChunkStatus,
  StateValues,
} from '@gradpool/core/engine'

export interface Mishap {
  readonly kind: 'exit' | 'throw' | 'nan' | 'hang' | 'loop' | 'memory' | 'late'
  /** The step before which it happens, from 0. */
  readonly step: number
  /** How often. Default: always. */
  readonly times?: number
}

export interface FakeEngineOptions {
  readonly stepMs?: number
  /** The accuracy that training, validation and test give after so many steps. Default: step / (step + 1). */
  readonly accuracy?: (step: number) => number
  /** By the seed of the stage that they befall, while it trains. */
  readonly mishaps?: Readonly<Record<number, Mishap>>
}

export interface FakeEngine extends Engine {
  /** What was compiled, in order: the seed of each training. */
  readonly trained: readonly number[]
  /** Executions that were not disposed. */
  readonly open: ReadonlySet<Execution>
  /** First values of `w` of each training that was given some, by seed. */
  readonly started: ReadonlyMap<number, number>
}

export function fakeEngine({
  stepMs = 0,
  accuracy = (step) => step / (step + 1),
  mishaps = {},
}: FakeEngineOptions = {}): FakeEngine {
  const trained: number[] = []
  const open = new Set<Execution>()
  const started = new Map<number, number>()
  const counts = new Map<number, Int32Array>()
  const countOf = (seed: number) => {
    const count = counts.get(seed) ?? new Int32Array(new SharedArrayBuffer(4))
    counts.set(seed, count)
    return count
  }
  return {
    name: 'fake',
    description: 'arithmetic',
    numerics: 'fake',
    workerModule: new URL('./fake-worker.mjs', import.meta.url).href,
    allocate: (numBytes) => new Uint8Array(new SharedArrayBuffer(numBytes)),
    compile(program, options) {
      const { seed, shareStateOf, state } = options
      if (!shareStateOf) trained.push(seed)
      const first = state?.w?.[0]
      if (first !== undefined) started.set(seed, first)
      const own = shareStateOf ? {} : { stepMs, mishap: mishaps[seed], count: countOf(seed) }
      const dispose = () => open.delete(execution)
      const execution = new FakeExecution(program, options, own, { accuracy, dispose })
      open.add(execution)
      return Promise.resolve(execution)
    },
    dispose: () => Promise.resolve(),
    trained,
    open,
    started,
  }
}

class FakeExecution implements Execution {
  readonly program: BatchProgram
  readonly stepsPerEpoch: number
  readonly workers = 1
  readonly dispose: () => void
  readonly #accuracy: (step: number) => number
  readonly #task: Record<string, unknown>
  /** Step, stop. */
  readonly #words = new Int32Array(new SharedArrayBuffer(8))
  /** Last loss, w. */
  readonly #floats = new Float32Array(new SharedArrayBuffer(8))
  #chunkStart = 0
  #steps = 0

  constructor(
    program: BatchProgram,
    { seed, state }: CompileOptions,
    task: Record<string, unknown>,
    { accuracy, dispose }: { accuracy: (step: number) => number; dispose: () => void },
  ) {
    this.program = program
    this.stepsPerEpoch = Math.ceil(program.numExamples / program.batchSize)
    this.dispose = dispose
    this.#accuracy = accuracy
    this.#floats[0] = NaN
    this.#task = { ...task, words: this.#words, floats: this.#floats, seed }
    if (state) this.write(state)
  }

  get step(): number {
    return Atomics.load(this.#words, 0)
  }

  run(): Promise<ChunkResult> {
    return Promise.reject(new Error('the fake engine runs in a pool only'))
  }

  begin(steps: number, { continues = false }: ChunkOptions = {}): unknown[] {
    Atomics.store(this.#words, 1, 0)
    if (!continues) this.#chunkStart = this.step
    this.#steps = steps
    return [{ ...this.#task, steps }]
  }

  get memory(): ChunkMemory {
    const [lastLoss, w] = [this.#floats.subarray(0, 1), this.#floats.subarray(1)]
    return { sums: [], rows: [], lastLoss, states: { w } }
  }

  finish([outcome]: readonly ChunkOutcome[], copy?: ChunkCopy): ChunkResult {
    const lastLoss = copy?.lastLoss ?? this.#floats[0] ?? NaN
    const start = this.#chunkStart
    const step = copy ? start + this.#steps : this.step
    if (copy) this.#chunkStart = step
    return {
      status: outcome as ChunkStatus,
      steps: step - start,
      means: { loss: Float64Array.of(lastLoss), accuracy: Float64Array.of(this.#accuracy(step)) },
      rows: {},
      lastLoss,
    }
  }

  progress(): Progress {
    const loss = this.#floats.slice(0, 1)
    return { step: this.step, last: { loss: loss[0] ?? NaN, accuracy: 0.5 }, results: { loss } }
  }

  stop(): void {
    Atomics.store(this.#words, 1, 1)
  }

  abandon(): void {
    this.stop()
  }

  position(): Position {
    return {
      step: this.step,
      since: this.#chunkStart,
      sums: {},
      rows: {},
      lastLoss: this.#floats[0] ?? NaN,
    }
  }

  seek({ step, since, lastLoss }: Position): void {
    Atomics.store(this.#words, 0, step)
    this.#chunkStart = since
    this.#floats[0] = lastLoss
  }

  read(): Record<string, Float32Array> {
    return { w: this.#floats.slice(1, 2) }
  }

  write({ w }: StateValues): void {
    this.#floats[1] = w?.[0] ?? 0
  }
}
