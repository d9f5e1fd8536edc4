/**
 * Instantiates the kernels in a thread.
 *
 * Worker threads load this file, chunk.ts and the two kinds of kernels, so none of them imports another package.
 */
import type { ArenaTask, KernelCode, Kernels } from './kernels.js'
import { nativeKernels } from './native-kernels.js'
import { wasmKernels } from './wasm-kernels.js'
import type { WasmMemory } from './web-assembly.js'

/** A thread serves one arena at a time. */
let current: { readonly arena: string; readonly kernels: Kernels } | undefined

/** The kernels of this thread over an arena, instantiated once. */
export function kernelsFor({ arena, code, memory }: ArenaTask): Kernels {
  if (current?.arena !== arena) current = { arena, kernels: instantiate(code, memory) }
  return current.kernels
}

export function instantiate(code: KernelCode, memory: WasmMemory): Kernels {
  return code.kind === 'wasm' ? wasmKernels(code.module, memory) : nativeKernels(code.file, memory)
}
