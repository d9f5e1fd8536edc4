/**
 * Where native code may be: compiled on this machine, or in the package for this platform, which is installed with this
 * one (`optionalDependencies`). A folder has a file for each instruction set.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Best first; the names of the files. */
const PREFERENCE = ['avx512', 'avx2', 'neon', 'sse4.2', 'portable']

/** The C library of a Linux is part of its platform. Which one it is shows when code is loaded. */
const VARIANTS: Readonly<Record<string, readonly string[]>> = { linux: ['-gnu', '-musl'] }

/** The names of the packages for a platform. */
export function platformPackages(platform: string = process.platform, arch: string = process.arch): string[] {
  return (VARIANTS[platform] ?? ['']).map((variant) => `@gradpool/engine-cpu-${platform}-${arch}${variant}`)
}

/** Folders to look in, the first first. The environment variable GRADPOOL_NATIVE names one that is the only one. */
export function nativeFolders(named: string | undefined = process.env.GRADPOOL_NATIVE): string[] {
  if (named !== undefined && named !== '') return [named]
  // In a bundle of CommonJS, where it is not known what this module is beside.
  if (typeof import.meta.url !== 'string') return []
  const require = createRequire(import.meta.url)
  const installed = platformPackages().flatMap((name) => {
    try {
      return [dirname(require.resolve(`${name}/package.json`))]
    } catch {
      return []
    }
  })
  return [compiledHere(), ...installed]
}

/**
 * Where set-up and `gradpool setup native` put what they compile. By joining paths: webpack would take the folder of a
 * `new URL` for a module.
 */
export function compiledHere(): string {
  const here = dirname(fileURLToPath(import.meta.url))
  return import.meta.url.endsWith('.ts') ? join(here, '../../dist/native') : join(here, 'native')
}

export interface NativeFile {
  readonly instructionSet: string
  readonly path: string
}

/** The files of a folder, best first; none where it is not there, or lacks the one that every CPU runs. */
export function filesIn(folder: string): NativeFile[] {
  let names: readonly string[]
  try {
    names = readdirSync(folder)
  } catch {
    return []
  }
  const sets = PREFERENCE.filter((name) => names.includes(`${name}.node`))
  return sets.includes('portable')
    ? sets.map((instructionSet) => ({ instructionSet, path: join(folder, `${instructionSet}.node`) }))
    : []
}

/**
 * Why a file is not what was built, as a clause; undefined if it is. A library that was cut short is not to be loaded:
 * the system would end the process when it reads what is not there.
 *
 * @throws Error where it cannot be read
 */
export function damageOf(path: string): string | undefined {
  let sums: unknown
  try {
    sums = JSON.parse(readFileSync(join(dirname(path), 'checksums.json'), 'utf8'))
  } catch {
    return 'beside it is no checksums.json that can be read'
  }
  const [, sum] = Object.entries(sums ?? {}).find(([name]) => name === basename(path)) ?? []
  const isAsBuilt = createHash('sha256').update(readFileSync(path)).digest('hex') === sum
  return isAsBuilt ? undefined : 'its bytes are not those that were built, by checksums.json'
}
