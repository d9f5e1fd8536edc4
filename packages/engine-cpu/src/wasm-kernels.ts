/**
 * The kernels in WebAssembly: one instance per thread, all over the arena's memory.
 */
import type { Kernels, MatmulShape } from './kernels.js'
import { type MultiplyAdd, roundsOnce, wasmModule } from './wasm-modules.js'

const PAGE_BYTES = 65536

/** What `kernels/run.c` exports. Addresses are byte offsets in the memory. */
interface Exports extends MultiplyAdd {
  /** Runs steps of the execution at an address; how the chunk ended, an index into EXEC_STATUS. */
  run(address: number, steps: number, worker: number): number
  /** What is wrong with the execution at an address, if its arena is that many pages; else 0. */
  check(address: number, numPages: number): number
  /** Does the scan at an address: 1, or 0 if its arena is not that many pages. */
  scan(address: number, numPages: number): number
  matmul_scratch(...product: MatmulShape): number
  readonly __stack_pointer: WebAssembly.Global<'i32'>
  readonly __heap_base: WebAssembly.Global<'i32'>
}

export class WasmKernels implements Kernels {
  readonly #exports: Exports
  readonly #memory: WebAssembly.Memory

  constructor(module: WebAssembly.Module, memory: WebAssembly.Memory) {
    const instantiated = (one: WebAssembly.Module): Exports =>
      new WebAssembly.Instance(one, { env: { memory } }).exports as unknown as Exports
    const exports = instantiated(module)
    // Whether a CPU fuses is the CPU's affair: each thread looks for itself.
    this.#exports = roundsOnce(exports) ? exports : instantiated(wasmModule('emulated'))
    this.#memory = memory
  }

  /** Behind the kernels' own data. */
  get firstAddress(): number {
    return this.#exports.__heap_base.value
  }

  run(address: number, steps: number, stackTop: number, worker: number): number {
    const own = this.#takeStack(stackTop)
    const status = this.#exports.run(address, steps, worker)
    this.#takeStack(own)
    return status
  }

  check(address: number): number {
    return this.#exports.check(address, this.#memory.buffer.byteLength / PAGE_BYTES)
  }

  scan(address: number, stackTop: number): boolean {
    const own = this.#takeStack(stackTop)
    const status = this.#exports.scan(address, this.#memory.buffer.byteLength / PAGE_BYTES)
    this.#takeStack(own)
    return status === 1
  }

  matmulScratch(...product: MatmulShape): number {
    // WebAssembly's numbers come as signed.
    return this.#exports.matmul_scratch(...product) >>> 0
  }

  /**
   * Uses another stack from now on; the top of the one before, which calls without a stack of their
   * own need back.
   */
  #takeStack(top: number): number {
    const pointer = this.#exports.__stack_pointer
    const before = pointer.value
    pointer.value = top
    return before
  }
}
