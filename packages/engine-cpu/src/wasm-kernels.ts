/** The kernels in WebAssembly: one instance per thread, all over the arena's memory. */
import type { Draw, Kernels, MatmulShape } from './kernels.js'
import { instanceOf, type MultiplyAdd, roundsOnce, wasmModule } from './wasm-modules.js'
import type { WasmMemory, WasmModule } from './web-assembly.js'

const PAGE_BYTES = 65536

/** What `kernels/run.c` exports. Addresses are byte offsets in the memory. */
interface Exports extends MultiplyAdd {
  /** Runs steps of the execution at an address; how the chunk ended, an index into EXEC_STATUS. */
  run(address: number, steps: number, worker: number): number
  /** The same, and writes the worker's profile at an address. */
  profile(address: number, steps: number, worker: number, profile: number): number
  /** What is wrong with the execution at an address in an arena of that many pages; 0 if nothing is. */
  check(address: number, numPages: number): number
  /** Does the scan at an address: 1, or 0 if it does not stay in an arena of that many pages. */
  scan(address: number, numPages: number): number
  /** Writes random numbers of step 0 to an address. */
  draw(...numbers: Draw): void
  matmul_scratch(...product: MatmulShape): number
  readonly __stack_pointer: WebAssembly.Global<'i32'>
  readonly __heap_base: WebAssembly.Global<'i32'>
}

export function wasmKernels(module: WasmModule, memory: WasmMemory): Kernels {
  const instantiated = (one: WasmModule): Exports => instanceOf(one, memory) as unknown as Exports
  const given = instantiated(module)
  const sharing = memory.buffer instanceof ArrayBuffer ? 'unshared' : 'shared'
  // It is up to the CPU whether it fuses: each thread looks for itself.
  const exports = roundsOnce(given) ? given : instantiated(wasmModule('emulated', sharing))
  const numPages = memory.buffer.byteLength / PAGE_BYTES
  const { __stack_pointer: stackPointer, __heap_base: heapBase } = exports
  /** Calls a kernel on another stack; calls without a stack of their own need the one before. */
  const onStack = (top: number, kernel: () => number): number => {
    const before = stackPointer.value
    stackPointer.value = top
    const result = kernel()
    stackPointer.value = before
    return result
  }
  return {
    // Behind the kernels' own data.
    firstAddress: heapBase.value,
    run: (address, steps, stackTop, worker) => onStack(stackTop, () => exports.run(address, steps, worker)),
    profile: (address, steps, stackTop, worker, profile) =>
      onStack(stackTop, () => exports.profile(address, steps, worker, profile)),
    check: (address) => exports.check(address, numPages),
    scan: (address, stackTop) => onStack(stackTop, () => exports.scan(address, numPages)) === 1,
    draw: (...numbers) => exports.draw(...numbers),
    // WebAssembly's numbers are signed.
    matmulScratch: (...product) => exports.matmul_scratch(...product) >>> 0,
  }
}
