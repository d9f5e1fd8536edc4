/**
 * The engine `wasm`: kernels in WebAssembly SIMD. It is there wherever Node is.
 */
import { UserError, type Engine } from '@gradpool/core'
import { readFileSync } from 'node:fs'
import { CpuEngine, type CpuEngineOptions } from './engine.js'

const KERNELS_FILE = new URL('../dist/kernels.wasm', import.meta.url)

/**
 * @throws UserError when the kernels are not built, or the memory asked for cannot be reserved.
 */
export async function wasmEngine(options: CpuEngineOptions = {}): Promise<Engine> {
  const module = await loadModule()
  const target = {
    name: 'wasm',
    description: 'WebAssembly SIMD, 128-bit vectors',
    numerics: 'exact',
    code: { kind: 'wasm', module },
  } as const
  return new CpuEngine(target, options)
}

async function loadModule(): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(readFileSync(KERNELS_FILE))
  } catch (cause) {
    throw new UserError('the kernels of the wasm engine are not built; run `npm run build`', {
      cause,
    })
  }
}
