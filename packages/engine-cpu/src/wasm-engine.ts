/** The engine `wasm`: kernels in WebAssembly SIMD. It runs wherever Node does. */
import { UserError } from '@gradpool/core'
import { type Engine } from '@gradpool/core/engine'
import { CpuEngine, type CpuEngineOptions, WITHOUT_FMA } from './engine.js'
import type { KernelCode } from './kernels.js'
import { isExact, type WasmBuild, wasmModule } from './wasm-modules.js'

export interface WasmEngineOptions extends CpuEngineOptions {
  /**
   * One of `wasmBuilds()`. Default: the environment variable GRADPOOL_WASM, else the best. All give
   * the same bits.
   */
  readonly build?: string | undefined
}

/**
 * @throws UserError when the kernels are not built, the build asked for does not run here, or the
 *   memory cannot be reserved.
 */
export function wasmEngine(options: WasmEngineOptions = {}): Promise<Engine> {
  return new Promise((resolve) => {
    const { chosen, code } = wasmCode(options)
    const target = {
      name: 'wasm',
      description: `WebAssembly SIMD, 128-bit vectors${chosen === 'emulated' ? WITHOUT_FMA : ''}`,
      code,
    } as const
    resolve(new CpuEngine(target, options))
  })
}

const PREFERENCE: readonly WasmBuild[] = ['relaxed', 'emulated']

/** The builds that run here, best first: `relaxed` where the CPU and Node fuse, and `emulated`. */
export function wasmBuilds(): WasmBuild[] {
  return PREFERENCE.filter(isExact)
}

/** The kernels. @throws UserError when they are not to be had. */
export function wasmCode({ build = process.env.GRADPOOL_WASM }: WasmEngineOptions = {}): {
  readonly chosen: WasmBuild
  readonly code: KernelCode
} {
  const chosen = PREFERENCE.find((name) => (build === undefined || name === build) && isExact(name))
  if (chosen !== undefined) return { chosen, code: { kind: 'wasm', module: wasmModule(chosen) } }
  const available = wasmBuilds()
  if (available.length === 0) throw new UserError('the kernels of the wasm engine are not built; run `npm run build`')
  throw new UserError(`the engine 'wasm' does not have the build '${build}' here; it has ${available.join(', ')}`)
}
