/** An engine on this machine's CPU: kernels over one shared memory per engine. */
import {
  BaseEngine,
  FieldCopies,
  invariant,
  type Backend,
  type BatchProgram,
  type CompileOptions,
  type Field,
  type Fill,
  type Program,
} from '@gradpool/core/engine'
import { Arena, newArenaId, reserveMemory } from './arena.js'
import { CompiledProgram, type Host } from './compile.js'
import { CpuBackend } from './execution.js'
import { boundTo, instantiate } from './instantiate.js'
import type { BoundCode, KernelCode, Kernels } from './kernels.js'
import { Plans } from './planner/plans.js'
import { stepChunkUrl } from './step-chunk-url.js'
import { ArenaStates } from './states.js'

export interface CpuEngineOptions {
  /** Size of the arena, which holds all datasets, states and plans. Default: 2 GiB, or what the system allows. */
  readonly memoryBytes?: number
  /** How many milliseconds a worker waits for the others at a step before it abandons the chunk. Default: 60,000. */
  readonly barrierTimeoutMs?: number
  /**
   * Whether threads can run its chunks, for which it needs a memory that they share. Default: true, but in a page that
   * is not isolated from others. Only the engine `wasm` takes it.
   */
  readonly threads?: boolean
}

/**
 * Which bits these engines compute, whatever they are compiled to. Another name where a definition of `kernels/plan.h`
 * becomes another; `exact` was 0.1's, whose products rounded twice a term.
 */
const NUMERICS = 'exact-2'

/** What a description adds where no instruction multiplies and adds with one rounding. */
export const WITHOUT_FMA = ', without fused multiply-add: the same results, several times slower'

/** How the CPU engines differ. */
export interface CpuTarget {
  readonly name: string
  readonly description: string
  readonly code: KernelCode
}

export class CpuEngine extends BaseEngine<ArenaStates> implements Host {
  readonly name: string
  readonly description: string
  readonly numerics = NUMERICS
  readonly profiles = true
  readonly threads: boolean
  readonly code: BoundCode
  readonly arena: Arena
  readonly kernels: Kernels
  readonly plans: Plans
  readonly barrierTimeoutMs: number
  #arenaId: string | undefined
  /** Addresses of the copies of fields that were loaded outside the arena. */
  readonly #copies = new FieldCopies<number>(
    ({ values: { buffer, byteOffset, byteLength } }) => {
      const address = this.arena.allocate(byteLength)
      this.arena.bytes(address, byteLength).set(new Uint8Array(buffer, byteOffset, byteLength))
      return address
    },
    (address) => this.arena.free(address),
  )

  /** @throws UserError if the memory cannot be reserved */
  constructor(
    { name, description, code }: CpuTarget,
    { memoryBytes, barrierTimeoutMs = 60_000, threads = true }: CpuEngineOptions,
  ) {
    super()
    this.barrierTimeoutMs = barrierTimeoutMs
    this.name = name
    this.threads = threads
    this.description = description
    const memory = reserveMemory(memoryBytes, threads)
    this.code = boundTo(memory, code)
    const kernels = (this.kernels = instantiate(this.code))
    this.plans = new Plans((...product) => kernels.matmulScratch(...product))
    this.arena = new Arena(memory, this.kernels.firstAddress)
  }

  get workerModule(): string {
    return stepChunkUrl()
  }

  get arenaId(): string {
    return (this.#arenaId ??= newArenaId())
  }

  readonly allocate = (numBytes: number): Uint8Array => this.arena.bytes(this.arena.allocate(numBytes), numBytes)

  readonly free = ({ byteOffset }: Uint8Array): void => this.arena.free(byteOffset)

  override readonly fill: Fill = (out, distribution, seed, purpose) => {
    invariant(out.buffer === this.arena.memory.buffer, 'states are in the arena')
    this.kernels.draw(out.byteOffset, out.length, distribution === 'uniform' ? 0 : 1, purpose, seed)
  }

  createStates(program: Program): ArenaStates {
    return new ArenaStates(this.arena, program)
  }

  prepare(program: BatchProgram, options: CompileOptions, states: ArenaStates): Backend {
    const compiled = new CompiledProgram(this, program, options, states)
    return new CpuBackend(this, compiled, options.workers ?? 1)
  }

  place(field: Field, user: object): number {
    const { buffer, byteOffset } = field.values
    return buffer === this.arena.memory.buffer ? byteOffset : this.#copies.hold(field, user)
  }

  release(user: object): void {
    this.#copies.release(user)
  }
}
