/**
 * How a thread gets at the kernels.
 *
 * Worker threads load this file, chunk.ts and the two kinds of kernels, so none of them imports
 * another package.
 */
import type { KernelCode, Kernels } from './kernels.js'
import { NativeKernels } from './native-kernels.js'
import { WasmKernels } from './wasm-kernels.js'

export function instantiate(code: KernelCode, memory: WebAssembly.Memory): Kernels {
  return code.kind === 'wasm'
    ? new WasmKernels(code.module, memory)
    : new NativeKernels(code.file, memory)
}
