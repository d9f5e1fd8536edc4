/**
 * The engine `wasm`: kernels in WebAssembly SIMD over one shared memory per process.
 */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import {
  UserError,
  type BatchProgram,
  type CompileOptions,
  type Engine,
  type Execution,
  type Field,
} from '@gradpool/core'
import { Arena, reserveMemory } from './arena.js'
import { CpuExecution, type Host } from './execution.js'
import { KernelInstance } from './kernels.js'

const KERNELS_FILE = new URL('../dist/kernels.wasm', import.meta.url)

export interface WasmEngineOptions {
  /** Size of the arena: what all datasets, states and plans together may take. Default: 2 GiB, or what the system allows. */
  readonly memoryBytes?: number
}

/**
 * @throws UserError when the kernels are not built, or the memory asked for cannot be reserved.
 */
export function wasmEngine(options: WasmEngineOptions = {}): Promise<Engine> {
  return Promise.resolve(new WasmEngine(options))
}

class WasmEngine implements Engine, Host {
  readonly name = 'wasm'
  readonly description = 'WebAssembly SIMD, 128-bit vectors'
  readonly workerModule = new URL(
    import.meta.url.endsWith('.ts') ? '../dist/span.js' : './span.js',
    import.meta.url,
  ).href
  readonly arenaId = randomUUID()
  readonly module: WebAssembly.Module
  readonly arena: Arena
  readonly kernels: KernelInstance
  readonly executions = new Set<Execution>()
  /** Values that came from outside the arena, and where their copy is. */
  readonly #copies = new WeakMap<Field['values'], number>()

  constructor({ memoryBytes }: WasmEngineOptions) {
    this.module = loadKernels()
    const memory = reserveMemory(memoryBytes)
    this.kernels = new KernelInstance(this.module, memory)
    this.arena = new Arena(memory, this.kernels.firstFreeAddress)
  }

  readonly allocate = (numBytes: number): Uint8Array =>
    this.arena.bytes(this.arena.allocate(numBytes), numBytes)

  compile(program: BatchProgram, options: CompileOptions): Promise<Execution> {
    return new Promise((resolve) => {
      resolve(new CpuExecution(this, program, options))
    })
  }

  place({ values }: Field): number {
    if (values.buffer === this.arena.memory.buffer) return values.byteOffset
    const known = this.#copies.get(values)
    if (known !== undefined) return known
    const address = this.arena.allocate(values.byteLength)
    this.arena
      .bytes(address, values.byteLength)
      .set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    this.#copies.set(values, address)
    return address
  }

  dispose(): Promise<void> {
    for (const execution of this.executions) execution.dispose()
    return Promise.resolve()
  }
}

/** @throws UserError when the kernels have not been built. */
export function loadKernels(): WebAssembly.Module {
  try {
    return new WebAssembly.Module(readFileSync(KERNELS_FILE))
  } catch (cause) {
    throw new UserError('the kernels of the wasm engine are not built; run `npm run build`', {
      cause,
    })
  }
}
