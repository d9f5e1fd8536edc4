/**
 * The engine `native`: the same kernels compiled for this machine's CPU, with bit-identical results. It is available if
 * set-up found a C compiler.
 */
import { UserError } from '@gradpool/core'
import { type Engine } from '@gradpool/core/engine'
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CpuEngine, type CpuEngineOptions } from './engine.js'
import type { KernelCode } from './kernels.js'
import { loadAddon } from './native-kernels.js'

const FOLDER = new URL('../dist/native/', import.meta.url)

/** Best first; the names of the files that native/build.mjs makes. */
const PREFERENCE = ['avx512', 'avx2', 'neon', 'sse4.2', 'portable']

export interface NativeEngineOptions extends CpuEngineOptions {
  /**
   * `exact`, the default: bit-identical to the engine `wasm`, on every machine. `fast`: multiplications and additions
   * may be fused, so the last digits differ, also between machines; the engine is then called `native-fast`.
   */
  readonly precision?: 'exact' | 'fast' | undefined
  /** One of `nativeInstructionSets()`. Default: the environment variable GRADPOOL_CPU, else the best. */
  readonly instructionSet?: string | undefined
}

/**
 * @throws UserError if the engine is not built, this CPU lacks the instruction set, or the memory cannot be reserved
 */
export function nativeEngine(options: NativeEngineOptions = {}): Promise<Engine> {
  return new Promise((resolve) => {
    const isFast = options.precision === 'fast'
    const { chosen, code } = nativeCode(options)
    const target = {
      name: isFast ? 'native-fast' : 'native',
      description: `native code, ${chosen}${isFast ? ', results not exact to the bit' : ''}`,
      // Which roundings are skipped depends on the instruction set.
      numerics: isFast ? `fast-${chosen}` : 'exact',
      code,
    } as const
    resolve(new CpuEngine(target, options))
  })
}

/** The kernels for an instruction set. @throws UserError if they are not available */
export function nativeCode({ precision = 'exact', instructionSet = process.env.GRADPOOL_CPU }: NativeEngineOptions): {
  readonly chosen: string
  readonly code: KernelCode
} {
  const chosen = choose(instructionSet, nativeInstructionSets(precision))
  const file = fileOf(precision === 'fast' ? `${chosen}-fast` : chosen)
  return { chosen, code: { kind: 'native', file } }
}

/** The instruction sets that kernels are built for and this CPU has, best first; empty if nothing is built. */
export function nativeInstructionSets(precision: 'exact' | 'fast' = 'exact'): string[] {
  const built = existsSync(FOLDER) ? readdirSync(FOLDER) : []
  if (!built.includes('portable.node')) return []
  const addon = loadAddon(fileOf('portable'))
  const suffix = precision === 'fast' ? '-fast' : ''
  return PREFERENCE.filter((name) => built.includes(`${name}${suffix}.node`) && addon.supports(name))
}

function choose(wanted: string | undefined, available: readonly string[]): string {
  const [best] = available
  if (best === undefined) {
    throw new UserError(
      "the engine 'native' is not built here; install a C compiler (cc or clang) and run the set-up again, or use the engine 'wasm', which gives the same results",
    )
  }
  if (wanted === undefined) return best
  if (available.includes(wanted)) return wanted
  throw new UserError(
    `the engine 'native' does not have the instruction set '${wanted}' here; it has ${available.join(', ')}`,
  )
}

function fileOf(instructionSet: string): string {
  return fileURLToPath(new URL(`${instructionSet}.node`, FOLDER))
}
