/**
 * The engine `native`: the same kernels compiled for this machine's CPU, with bit-identical results. It is available if
 * set-up found a C compiler.
 */
import { UserError } from '@gradpool/core'
import { type Engine } from '@gradpool/core/engine'
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CpuEngine, type CpuEngineOptions, WITHOUT_FMA } from './engine.js'
import type { NativeCode } from './kernels.js'
import { type Addon, loadAddon } from './native-kernels.js'

/** Where `native/build.mjs` puts the addons: no URL, which bundlers would take for that of a file. */
function folder(): string {
  return join(dirname(fileURLToPath(import.meta.url)), '..', 'dist', 'native')
}

/** Best first; the names of the files that native/build.mjs makes. */
const PREFERENCE = ['avx512', 'avx2', 'neon', 'sse4.2', 'portable']

export interface NativeEngineOptions extends CpuEngineOptions {
  /** One of `nativeInstructionSets()`. Default: the environment variable GRADPOOL_CPU, else the best. */
  readonly instructionSet?: string | undefined
}

/**
 * @throws UserError if the engine is not built, this CPU lacks the instruction set, or the memory cannot be reserved
 */
export function nativeEngine(options: NativeEngineOptions = {}): Promise<Engine> {
  return new Promise((resolve) => {
    const { chosen, code } = nativeCode(options)
    const target = {
      name: 'native',
      description: `native code, ${chosen}${loadAddon(code.file).isFused ? '' : WITHOUT_FMA}`,
      code,
    } as const
    resolve(new CpuEngine(target, options))
  })
}

/** The kernels for an instruction set. @throws UserError if they are not available */
export function nativeCode({ instructionSet = process.env.GRADPOOL_CPU }: NativeEngineOptions): {
  readonly chosen: string
  readonly code: NativeCode
} {
  const chosen = choose(instructionSet, nativeInstructionSets())
  return { chosen, code: { kind: 'native', file: fileOf(chosen) } }
}

/** The instruction sets that kernels are built for and this CPU has, best first; empty if nothing is built. */
export function nativeInstructionSets(): string[] {
  const built = existsSync(folder()) ? readdirSync(folder()) : []
  if (!built.includes('portable.node')) return []
  const addon = loadAddon(fileOf('portable'))
  return PREFERENCE.filter((name) => built.includes(`${name}.node`) && addon.supports(name))
}

/** The addon that every CPU runs; undefined where nothing is built. */
export function portableAddon(): Addon | undefined {
  return existsSync(fileOf('portable')) ? loadAddon(fileOf('portable')) : undefined
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
  return join(folder(), `${instructionSet}.node`)
}
