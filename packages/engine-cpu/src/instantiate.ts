/**
 * Instantiates the kernels in a thread.
 *
 * Worker threads load this file, chunk.ts and the two kinds of kernels, so none of them imports another package.
 */
import type { ArenaTask, BoundCode, KernelCode, Kernels } from './kernels.js'
import { nativeKernels } from './native-kernels.js'
import { wasmKernels } from './wasm-kernels.js'
import type { WasmMemory } from './web-assembly.js'

/** A thread serves one arena at a time. */
let current: { readonly arena: string; readonly kernels: Kernels } | undefined

/** The kernels of this thread over an arena, instantiated once. */
export function kernelsFor({ arena, code }: ArenaTask): Kernels {
  if (current?.arena !== arena) current = { arena, kernels: instantiate(code) }
  return current.kernels
}

export function instantiate(code: BoundCode): Kernels {
  return code.kind === 'wasm' ? wasmKernels(code.module, code.memory) : nativeKernels(code.file, code.buffer)
}

export function boundTo(memory: WasmMemory, code: KernelCode): BoundCode {
  return code.kind === 'wasm' ? { ...code, memory } : { ...code, buffer: memory.buffer }
}
