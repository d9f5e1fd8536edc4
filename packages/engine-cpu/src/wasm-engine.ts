/** The engine `wasm`: kernels in WebAssembly SIMD. It runs wherever Node does. */
import { UserError } from '@gradpool/core'
import { type Engine } from '@gradpool/core/engine'
import { readFileSync } from 'node:fs'
import { CpuEngine, type CpuEngineOptions } from './engine.js'
import type { KernelCode } from './kernels.js'

const KERNELS_FILE = new URL('../dist/kernels.wasm', import.meta.url)

/** @throws UserError if the kernels are not built, or the memory cannot be reserved */
export function wasmEngine(options: CpuEngineOptions = {}): Promise<Engine> {
  return new Promise((resolve) => {
    const target = {
      name: 'wasm',
      description: 'WebAssembly SIMD, 128-bit vectors',
      numerics: 'exact',
      code: wasmCode(),
    } as const
    resolve(new CpuEngine(target, options))
  })
}

let module: WebAssembly.Module | undefined

/** The kernels, compiled once. @throws UserError if they are not built */
export function wasmCode(): KernelCode {
  try {
    module ??= new WebAssembly.Module(readFileSync(KERNELS_FILE))
    return { kind: 'wasm', module }
  } catch (cause) {
    throw new UserError('the kernels of the wasm engine are not built; run `npm run build`', {
      cause,
    })
  }
}
