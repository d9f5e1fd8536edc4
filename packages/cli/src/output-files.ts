/**
 * Checks of what a command is going to write, before it computes anything. An output is no input, no two outputs are
 * the same, and only what the user can make again, or said `--force` for, is replaced. Symbolic links are followed, and
 * files are compared by what they are, not by their names.
 */
import { UserError } from '@gradpool/core'
import { codeOf, openRegular, reasonOf, writeTarget } from '@gradpool/storage'
import type { BigIntStats } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

export interface OutputFile {
  /** That names it, as in messages: `--onnx`. */
  readonly option: string
  readonly path: string
  /** How files of this kind begin. Such a file is replaced without being asked. Default: none is. */
  readonly kind?: FileKind
}

export interface OutputFolder {
  readonly option: string
  readonly path: string
  /** Names of the files that are written into it. */
  readonly files: readonly string[]
}

export interface FileKind {
  /** `a PNG file` */
  readonly title: string
  readonly start: string
}

export const PNG_FILE: FileKind = { title: 'a PNG file', start: '\u0089PNG' }
export const SVG_FILE: FileKind = { title: 'an SVG file', start: '<svg ' }
export const HTML_FILE: FileKind = { title: 'an HTML page', start: '<!doctype html>' }
export const TRACE_FILE: FileKind = { title: 'a Chrome trace', start: '{"displayTimeUnit":' }
export const INDEX_FILE: FileKind = { title: 'an index', start: 'GRADHASH' }

export interface OutputChecks {
  /** Files and folders that the command reads. Each may be missing, or be no path at all. */
  readonly inputs: readonly (string | undefined)[]
  /** Replace what exists. Default: false. */
  readonly force?: boolean
}

/** @throws UserError in one sentence for the first output that may not be written */
export async function checkOutputs(
  outputs: readonly (OutputFile | OutputFolder)[],
  { inputs, force = false }: OutputChecks,
): Promise<void> {
  const taken = new Map<string, string>()
  let inputIds: ReadonlySet<string> | undefined
  for (const output of outputs) {
    if ('files' in output && !force) await checkEmpty(output)
    for (const { option, path, kind } of filesOf(output)) {
      const { place, existing } = await placeOf(path)
      const other = taken.get(place)
      if (other !== undefined) throw new UserError(`${other} and ${option} name the same file, '${path}'`)
      taken.set(place, option)
      if (existing === undefined) continue
      inputIds ??= await idsOf(inputs)
      if (inputIds.has(idOf(existing))) {
        throw new UserError(`Cannot write '${path}': ${option} names a file that this command reads`)
      }
      if (!force) await checkReplaceable(path, kind)
    }
  }
}

function filesOf(output: OutputFile | OutputFolder): readonly OutputFile[] {
  if (!('files' in output)) return [output]
  return output.files.map((name) => ({ option: output.option, path: join(output.path, name) }))
}

/** A folder that does not exist has nothing to lose. */
async function checkEmpty({ option, path }: OutputFolder): Promise<void> {
  const names = await readdir(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return []
    throw refusal(path, error)
  })
  if (names.length > 0) throw new UserError(`The folder '${path}' of ${option} is not empty; --force writes into it`)
}

/** Where a file is, whatever links lead there. */
async function placeOf(path: string): Promise<{ place: string; existing: BigIntStats | undefined }> {
  try {
    const target = await writeTarget(path)
    if (target.existing !== undefined) {
      return { place: target.path, existing: await stat(target.path, { bigint: true }) }
    }
    const folder = await realpath(dirname(target.path)).catch((error: unknown) => {
      // A folder of exports is made; what is missing elsewhere, writing says.
      if (codeOf(error) === 'ENOENT') return dirname(target.path)
      throw error
    })
    return { place: join(folder, basename(target.path)), existing: undefined }
  } catch (error) {
    throw refusal(path, error)
  }
}

async function checkReplaceable(path: string, kind: FileKind | undefined): Promise<void> {
  const start = Buffer.from(kind?.start ?? '', 'latin1')
  const { file, size } = await openRegular(path)
  try {
    // An empty file has nothing to lose, such as one that `mktemp` made.
    if (size === 0) return
    const { buffer } = await file.read(Buffer.alloc(start.length), 0, start.length, 0)
    if (kind !== undefined && start.equals(buffer)) return
  } finally {
    await file.close()
  }
  if (kind === undefined) throw new UserError(`The file '${path}' exists; --force replaces it`)
  throw new UserError(`The file '${path}' exists and is not ${kind.title}; name another file`)
}

/** Of files, and of all files in folders. */
async function idsOf(inputs: OutputChecks['inputs']): Promise<ReadonlySet<string>> {
  const ids = new Set<string>()
  const add = async (path: string) => {
    const status = await stat(path, { bigint: true }).catch(() => undefined)
    if (status?.isFile() === true) ids.add(idOf(status))
    return status?.isDirectory() === true
  }
  for (const input of inputs) {
    if (input === undefined || !(await add(input))) continue
    for (const name of await readdir(input, { recursive: true }).catch(() => [])) await add(join(input, name))
  }
  return ids
}

function idOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`
}

function refusal(path: string, error: unknown): UserError {
  if (error instanceof UserError) return error
  return new UserError(`Cannot write '${path}': ${reasonOf(error)}`, { cause: error })
}
