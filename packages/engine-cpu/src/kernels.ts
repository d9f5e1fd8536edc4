/** The interface of the kernels, whether they are WebAssembly or native code. */
import type { WasmMemory, WasmModule } from './web-assembly.js'

/** A matrix product, as an argument list of the kernels. Booleans are 0 or 1. */
export type MatmulShape = readonly [
  m: number,
  n: number,
  k: number,
  flags: number,
  hasDestination: number,
  hasEpilogue: number,
  /** 1 if the sum is not cut into segments. */
  segments: number,
]

/** Random numbers of step 0, as an argument list of the kernels. */
export type Draw = readonly [
  to: number,
  count: number,
  /** 0 uniform, 1 normal. */
  distribution: number,
  purpose: number,
  seed: number,
]

export interface Kernels {
  /** The first address that the arena may use. */
  readonly firstAddress: number
  /**
   * Runs steps of the execution at an address. Returns how the chunk ended, as an index into EXEC_STATUS.
   *
   * @param worker this thread's number among those that run the chunk together, from 0
   * @param stackTop end of the memory of a stack that no other thread uses at the same time
   */
  run(address: number, steps: number, stackTop: number, worker: number): number
  /** The same, and writes the worker's profile (`PROFILE`) at an address. */
  profile(address: number, steps: number, stackTop: number, worker: number, profile: number): number
  /** 0 if the execution at an address only accesses the arena, else a code that `defectOf` describes. */
  check(address: number): number
  /**
   * Runs the scan of packed codes at an address (`kernels/hamming.h`). Returns false if it does not stay in the arena.
   */
  scan(address: number, stackTop: number): boolean
  /** Writes random numbers to an address, which must have room for them. */
  draw(...numbers: Draw): void
  /** Bytes of scratch memory that a matrix product needs. */
  matmulScratch(...product: MatmulShape): number
}

/** What a thread needs to call the kernels on an arena. Structured-cloneable; memory and module are shared. */
export interface ArenaTask {
  /** Identifies the arena. */
  readonly arena: string
  readonly code: BoundCode
  readonly stackTop: number
}

/**
 * Compiled kernels with the memory that they are to work on. Native code has the memory's buffer alone: Node 26 counts
 * a `WebAssembly.Memory` of a message as the receiver's own, which collects garbage then (docs/performance.md).
 */
export type BoundCode =
  (WasmCode & { readonly memory: WasmMemory }) | (NativeCode & { readonly buffer: WasmMemory['buffer'] })

/** The compiled kernels. Structured-cloneable. */
export type KernelCode = WasmCode | NativeCode

export interface WasmCode {
  readonly kind: 'wasm'
  readonly module: WasmModule
}

export interface NativeCode {
  readonly kind: 'native'
  /** Path of the addon. */
  readonly file: string
}
