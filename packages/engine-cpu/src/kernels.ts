/**
 * What an engine needs of its kernels, whatever they are compiled to.
 */

/**
 * A matrix product, as the kernels ask for it; whether it has a destination and an epilogue are 0
 * or 1.
 */
export type MatmulShape = readonly [
  m: number,
  n: number,
  k: number,
  flags: number,
  hasDestination: number,
  hasEpilogue: number,
  /** 1 where there are none. */
  segments: number,
]

export interface Kernels {
  /** Where the arena may begin. */
  readonly firstAddress: number
  /**
   * Runs steps of the execution at an address; how the chunk ended, an index into EXEC_STATUS.
   *
   * @param worker this thread's number among those that run the chunk together, from 0
   * @param stackTop one past the end of memory that no other thread uses as its stack meanwhile
   */
  run(address: number, steps: number, stackTop: number, worker: number): number
  /**
   * 0 if all that the execution at an address does stays in the arena, else what is wrong with it;
   * `defectOf` puts it into words.
   */
  check(address: number): number
  /**
   * Searches packed codes as the scan at an address says (`kernels/hamming.h`); false if it does
   * not stay in the arena.
   */
  scan(address: number, stackTop: number): boolean
  /** Bytes of scratch memory that a matmul asks for. */
  matmulScratch(...product: MatmulShape): number
}

/** Structured-cloneable, memory and module shared: by which a thread gets at kernels and arena. */
export interface ArenaTask {
  /** Tells arenas apart. */
  readonly arena: string
  readonly code: KernelCode
  readonly memory: WebAssembly.Memory
  readonly stackTop: number
}

/** Structured-cloneable: what the kernels are compiled to. */
export type KernelCode = { readonly kind: 'wasm'; readonly module: WebAssembly.Module } | NativeCode

export interface NativeCode {
  readonly kind: 'native'
  /** Path of the addon. */
  readonly file: string
}
