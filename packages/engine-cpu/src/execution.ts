/** Runs a compiled program: in this thread, or as tasks of threads that share the arena. */
import { availableCores, invariant, type Backend, type ChunkStatus, type ExecutionProfile } from '@gradpool/core/engine'
import type { CompiledProgram, Host } from './compile.js'
import { EXEC, EXEC_STATUS, STACK_BYTES } from './instructions.js'
import { runCall, type ChunkCall, type CpuChunkTask } from './step-chunk.js'

/** How long a chunk in this thread blocks the event loop, and so progress reports and the abort signal. */
const SLICE_MS = 25

/** How often a worker polls whether the others have arrived before it sleeps: about 100 microseconds in all. */
const SPINS = 4000

/**
 * With more threads than cores, a spinning worker takes a core, or the time of a quota, from another.
 *
 * @param threads that run at that time, these workers included
 */
export function spinsFor(workers: number, threads: number, cores: number): number {
  return workers > 1 && threads <= cores ? SPINS : 0
}

export class CpuBackend implements Backend {
  readonly workers: number
  readonly record: CompiledProgram['record']
  readonly #host: Host
  readonly #compiled: CompiledProgram

  constructor(host: Host, compiled: CompiledProgram, workers: number) {
    this.#host = host
    this.#compiled = compiled
    this.workers = workers
    this.record = compiled.record
  }

  tasks(steps: number, workers: number, threads: number): CpuChunkTask[] {
    this.#prepare(workers, threads)
    this.#compiled.profile?.begin(this.record.step, steps)
    const { arenaId: arena, code } = this.#host
    return Array.from({ length: workers }, (_, worker) => ({ arena, code, ...this.#call(steps, worker) }))
  }

  *slices(steps: number): Generator<undefined, ChunkStatus> {
    this.#prepare(1, 1)
    this.#compiled.profile?.begin(this.record.step, steps)
    const end = this.record.step + steps
    let slice = 1
    while (this.record.step < end) {
      const started = performance.now()
      const status = this.#execute(Math.min(slice, end - this.record.step))
      if (status !== 'done') return status
      const elapsedMs = Math.max(performance.now() - started, 0.001)
      const fitting = Math.round((slice * SLICE_MS) / elapsedMs)
      slice = Math.max(1, Math.min(2 * slice, fitting))
      yield
    }
    return 'done'
  }

  runNow(steps: number): ChunkStatus {
    this.#prepare(1, 1)
    return this.#execute(steps)
  }

  abandon(): void {
    Atomics.store(this.#compiled.words, EXEC.ABANDONED, 1)
  }

  dispose(): void {
    this.#compiled.dispose()
  }

  profile(): ExecutionProfile | undefined {
    return this.#compiled.profile?.read()
  }

  #prepare(workers: number, threads: number): void {
    const { words } = this.#compiled
    words[EXEC.WORKERS] = workers
    words[EXEC.SPINS] = spinsFor(workers, threads, availableCores())
    words[EXEC.BARRIER_TIMEOUT] = this.#host.barrierTimeoutMs
    Atomics.store(words, EXEC.ARRIVED, 0)
    Atomics.store(words, EXEC.ABANDONED, 0)
  }

  #call(steps: number, worker: number): ChunkCall {
    const { exec, stacks, profile } = this.#compiled
    const stackTop = stacks + (worker + 1) * STACK_BYTES
    return { exec, steps, stackTop, worker, ...(profile && { profile: profile.addressOf(worker) }) }
  }

  #execute(steps: number): ChunkStatus {
    const status = EXEC_STATUS[runCall(this.#host.kernels, this.#call(steps, 0))]
    invariant(status !== undefined && status !== 'refused', 'plan and kernels are of one version')
    return status
  }
}
