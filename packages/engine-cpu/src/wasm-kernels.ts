/**
 * The kernels in WebAssembly: one instance per thread, all over the arena's memory.
 */
import type { Kernels } from './kernels.js'

/** What `kernels/run.c` exports. Addresses are byte offsets in the memory. */
interface Exports {
  /** Runs steps of the run at an address; the run's status. */
  run(address: number, steps: number): number
  matmul_scratch(
    m: number,
    n: number,
    k: number,
    flags: number,
    hasDestination: number,
    hasTape: number,
  ): number
  readonly __stack_pointer: WebAssembly.Global<'i32'>
  readonly __heap_base: WebAssembly.Global<'i32'>
}

export class WasmKernels implements Kernels {
  readonly #exports: Exports

  constructor(module: WebAssembly.Module, memory: WebAssembly.Memory) {
    const instance = new WebAssembly.Instance(module, { env: { memory } })
    this.#exports = instance.exports as unknown as Exports
  }

  /** Behind the kernels' own data. */
  get firstAddress(): number {
    return this.#exports.__heap_base.value
  }

  run(address: number, steps: number, stackTop: number): number {
    this.#exports.__stack_pointer.value = stackTop
    return this.#exports.run(address, steps)
  }

  matmulScratch(
    m: number,
    n: number,
    k: number,
    flags: number,
    hasDestination: boolean,
    hasTape: boolean,
  ): number {
    return this.#exports.matmul_scratch(m, n, k, flags, Number(hasDestination), Number(hasTape))
  }
}
