/** The kernels as native code: an addon compiled for one instruction set, over the arena's memory. */
import { nodeModule } from '@gradpool/core/node-module'
import type { Draw, Kernels, MatmulShape } from './kernels.js'
import type { WasmMemory } from './web-assembly.js'

/** What `native/addon.c` exports. */
export interface Addon {
  /** Whether this CPU can run the addon of that name. */
  supports(instructionSet: string): boolean
  /** Whether products are made of the CPU's own fused multiply-add. */
  readonly isFused: boolean
  run(arena: Uint8Array, address: number, steps: number, worker: number): number
  profile(arena: Uint8Array, address: number, steps: number, worker: number, profile: number): number
  check(arena: Uint8Array, address: number): number
  scan(arena: Uint8Array, address: number): number
  draw(arena: Uint8Array, ...numbers: Draw): void
  matmulScratch(...product: MatmulShape): number
  /** Asks the system for large pages, which it may give as memory is first written. */
  useLargePages(arena: Uint8Array): void
  /** Makes this thread take denormal numbers for zeros; returns what `restoreDenormals` takes to undo it. */
  flushDenormals(): number
  restoreDenormals(before: number): void
  /** a * b + c in f32, rounded once. */
  multiplyAdd(a: number, b: number, c: number): number
}

export function nativeKernels(file: string, buffer: WasmMemory['buffer']): Kernels {
  const addon = loadAddon(file)
  const arena = new Uint8Array(buffer)
  addon.useLargePages(arena)
  return {
    // 0 stands for no address.
    firstAddress: 64,
    // The thread's own stack serves; `stackTop` is for WebAssembly.
    run: (address, steps, _stackTop, worker) => addon.run(arena, address, steps, worker),
    profile: (address, steps, _stackTop, worker, profile) => addon.profile(arena, address, steps, worker, profile),
    check: (address) => addon.check(arena, address),
    scan: (address) => addon.scan(arena, address) === 1,
    draw: (...numbers) => addon.draw(arena, ...numbers),
    matmulScratch: (...product) => addon.matmulScratch(...product),
  }
}

export function loadAddon(file: string): Addon {
  const module = nodeModule('node:module')
  if (!module) throw new Error('native code is loaded by Node')
  return module.createRequire(file)(file) as Addon
}
