/** The engine `wasm`: kernels in WebAssembly SIMD. It runs wherever Node does, and in browsers. */
import { UserError } from '@gradpool/core'
import { type Engine } from '@gradpool/core/engine'
import { nodeProcess } from '@gradpool/core/node-module'
import { CpuEngine, type CpuEngineOptions, WITHOUT_FMA } from './engine.js'
import type { KernelCode } from './kernels.js'
import { exactBuilds, loadWasmModules, type Sharing, type WasmBuild, wasmModule, whyNot } from './wasm-modules.js'

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
export async function wasmEngine(options: WasmEngineOptions = {}): Promise<Engine> {
  const { threads = true } = options
  await loadWasmModules(threads ? 'shared' : 'unshared')
  const { chosen, code } = wasmCode(options)
  const target = {
    name: 'wasm',
    description: `WebAssembly SIMD, 128-bit vectors${chosen === 'emulated' ? WITHOUT_FMA : ''}`,
    code,
  } as const
  return new CpuEngine(target, options)
}

/** The builds that run here, best first: `relaxed` where the CPU and Node fuse, and `emulated`. */
export function wasmBuilds(): WasmBuild[] {
  return exactBuilds()
}

/** The kernels. @throws UserError when they are not to be had. */
export function wasmCode({ build = nodeProcess()?.env?.GRADPOOL_WASM, threads = true }: WasmEngineOptions = {}): {
  readonly chosen: WasmBuild
  readonly code: KernelCode
} {
  const sharing: Sharing = threads ? 'shared' : 'unshared'
  const available = exactBuilds(sharing)
  const chosen = available.find((name) => build === undefined || name === build)
  if (chosen !== undefined) return { chosen, code: { kind: 'wasm', module: wasmModule(chosen, sharing) } }
  if (available.length > 0) {
    throw new UserError(`the engine 'wasm' does not have the build '${build}' here; it has ${available.join(', ')}`)
  }
  const cause = whyNot(sharing)
  if (cause instanceof UserError) throw cause
  const reason = cause instanceof Error ? cause.message : 'no build rounds as the others do'
  throw new UserError(`the kernels of the wasm engine do not run here: ${reason}`, { cause })
}
