/**
 * The engine `native`: the same kernels as native code, with bit-identical results. It is there where a package for the
 * platform is installed, or the code was compiled on this machine.
 */
import { UserError } from '@gradpool/core'
import { type Engine } from '@gradpool/core/engine'
import { CpuEngine, type CpuEngineOptions, WITHOUT_FMA } from './engine.js'
import type { NativeCode } from './kernels.js'
import { platformPackages } from './native-code/native-files.js'
import { sentenceOf, type UsableFile, usableCode } from './native-code/usable-code.js'
import type { Addon } from './native-kernels.js'

export interface NativeEngineOptions extends CpuEngineOptions {
  /** One of `nativeInstructionSets()`. Default: the environment variable GRADPOOL_CPU, else the best. */
  readonly instructionSet?: string | undefined
}

/**
 * @throws UserError if there is no native code that works here, this CPU lacks the instruction set, or the memory
 *   cannot be reserved
 */
export function nativeEngine(options: NativeEngineOptions = {}): Promise<Engine> {
  return new Promise((resolve) => {
    const chosen = choose(options.instructionSet)
    const { instructionSet, addon } = chosen
    const description = `native code, ${instructionSet}${addon.isFused ? '' : WITHOUT_FMA}`
    resolve(new CpuEngine({ name: 'native', description, code: codeOf(chosen) }, options))
  })
}

/**
 * The kernels for an instruction set. Default: as that of an engine.
 *
 * @throws UserError if they are not available
 */
export function nativeCode(instructionSet?: string): NativeCode {
  return codeOf(choose(instructionSet))
}

/** The instruction sets for which there is native code that works here, best first. */
export function nativeInstructionSets(): string[] {
  return usableCode()
    .all()
    .map(({ instructionSet }) => instructionSet)
}

/** The native code that every CPU runs; undefined where there is none that works. */
export function portableAddon(): Addon | undefined {
  return usableCode().portable()
}

/** Whether there is native code that works here. Where some does not, a warning says why, once. */
export function hasNativeCode(): boolean {
  return usableCode().best() !== undefined
}

/** Why the engine `native` is not there, in a sentence that says what to do. */
export function whyNotNative(): string {
  const [problem] = usableCode().problems
  if (problem !== undefined) return `${sentenceOf(problem)} To compile it here, run \`gradpool setup native\`.`
  const names = platformPackages().join(' or ')
  return (
    `There is no native code for this machine: neither ${names} is installed, nor was it compiled. Packages for a ` +
    'platform are missing where optional dependencies are left out, or where package-lock.json was made on another ' +
    'platform (npm/cli#4828): remove node_modules and package-lock.json and install again, or run `gradpool setup native`.'
  )
}

function codeOf({ path }: UsableFile): NativeCode {
  return { kind: 'native', file: path }
}

function choose(wanted = process.env.GRADPOOL_CPU): UsableFile {
  const code = usableCode()
  const best = code.best()
  if (best === undefined) {
    throw new UserError(
      `the engine 'native' is not to be had here; the engine 'wasm' gives the same results. ${whyNotNative()}`,
    )
  }
  if (wanted === undefined) return best
  const all = code.all()
  const chosen = all.find(({ instructionSet }) => instructionSet === wanted)
  if (chosen !== undefined) return chosen
  const names = all.map(({ instructionSet }) => instructionSet).join(', ')
  throw new UserError(`the engine 'native' does not have the instruction set '${wanted}' here; it has ${names}`)
}
