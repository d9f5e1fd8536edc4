/**
 * Where a file is written: a symbolic link is followed to what it points to, and only a new name or a regular file is
 * taken. A pipe, a device or a directory stays what it is.
 */
import { UserError } from '@gradpool/core'
import type { Stats } from 'node:fs'
import { access, constants, lstat, readlink, realpath, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { codeOf } from './file-errors.js'
import { checkRegular } from './regular-file.js'

export interface WriteTarget {
  /** The file itself, no symbolic link. */
  readonly path: string
  /** The file that is there; undefined for a new name. */
  readonly existing: Stats | undefined
}

/** As many links as Linux follows. */
const MAX_LINKS = 40

/**
 * @throws UserError for a directory, a pipe or a device; what the file system throws, as for a file that is read-only
 */
export async function writeTarget(path: string): Promise<WriteTarget> {
  const existing = await stat(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  })
  if (existing === undefined) return { path: await endOfLinks(path), existing }
  checkRegular(existing, path)
  // A file that may not be written is not replaced either.
  await access(path, constants.W_OK)
  return { path: await realpath(path), existing }
}

/** Where a file would be made; a link may point to a name that is free. */
async function endOfLinks(path: string): Promise<string> {
  let end = path
  for (let numLinks = 0; numLinks < MAX_LINKS; numLinks++) {
    const status = await lstat(end).catch(() => undefined)
    if (status?.isSymbolicLink() !== true) return end
    end = resolve(await realpath(dirname(end)), await readlink(end))
  }
  throw new UserError(`'${path}' is a symbolic link that leads in a circle`)
}
