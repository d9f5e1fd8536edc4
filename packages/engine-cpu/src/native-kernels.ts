/**
 * The kernels as native code: an addon compiled for one instruction set, over the arena's memory.
 */
import { createRequire } from 'node:module'
import type { Kernels, MatmulShape } from './kernels.js'

/** What `native/addon.c` exports. */
export interface Addon {
  /** Whether this CPU can run the addon of that name. */
  supports(instructionSet: string): boolean
  /** Whether products are made of the CPU's own fused multiply-add. */
  readonly isFused: boolean
  run(arena: Uint8Array, address: number, steps: number, worker: number): number
  check(arena: Uint8Array, address: number): number
  scan(arena: Uint8Array, address: number): number
  matmulScratch(...product: MatmulShape): number
  /** a * b + c in f32, rounded once. */
  multiplyAdd(a: number, b: number, c: number): number
}

export class NativeKernels implements Kernels {
  /** 0 stands for no address. */
  readonly firstAddress = 64
  readonly #addon: Addon
  readonly #arena: Uint8Array

  constructor(file: string, memory: WebAssembly.Memory) {
    this.#addon = loadAddon(file)
    this.#arena = new Uint8Array(memory.buffer)
  }

  /** The thread's own stack serves; `stackTop` is for WebAssembly. */
  run(address: number, steps: number, _stackTop: number, worker: number): number {
    return this.#addon.run(this.#arena, address, steps, worker)
  }

  check(address: number): number {
    return this.#addon.check(this.#arena, address)
  }

  scan(address: number): boolean {
    return this.#addon.scan(this.#arena, address) === 1
  }

  matmulScratch(...product: MatmulShape): number {
    return this.#addon.matmulScratch(...product)
  }
}

export function loadAddon(file: string): Addon {
  return createRequire(import.meta.url)(file) as Addon
}
