/**
 * Files that exist as a whole or not at all, even if the machine stops in between. Every file of Gradpool that is
 * replaced is written here: under a temporary name that is created exclusively, then flushed and renamed.
 */
import type { Stats } from 'node:fs'
import { open, rename, rm, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { flushDirectory } from './directories.js'
import { syncFile } from './sync-file.js'
import { temporaryPath } from './temporary-files.js'
import { writeTarget, type WriteTarget } from './write-target.js'

export interface ReplaceOptions {
  /** Directory of the temporary file, on the same file system. Default: that of the file. */
  readonly temporaryIn?: string
  /** Permissions. Default: those of the file that is replaced, or of any new file. */
  readonly mode?: number
  /** Whether the file is on the disk before it gets its name. Default: true. */
  readonly flush?: boolean
}

/**
 * Writes a file in one part or several. The directory must exist. Of several writers at once, one wins.
 *
 * @throws UserError for a directory, a pipe or a device, which stay as they are; what the file system throws
 */
export async function writeDurably(path: string, ...content: readonly (string | Uint8Array)[]): Promise<void> {
  await replaceFile(path, (file) => writeParts(file, content))
}

/** Writes several files of one directory, as {@link writeDurably} does, and flushes the directory once. */
export async function writeAllDurably(
  folder: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await replaceWith(await writeTarget(join(folder, name)), (file) => writeParts(file, [content]), {})
  }
  await flushDirectory(folder)
}

/**
 * Replaces a file by what `write` puts into a new one; if that throws, the file stays as it was.
 *
 * @returns what `write` returns
 * @throws UserError for a directory, a pipe or a device; what the file system and `write` throw
 */
export async function replaceFile<T>(
  path: string,
  write: (file: FileHandle) => Promise<T>,
  options: ReplaceOptions = {},
): Promise<T> {
  const target = await writeTarget(path)
  const result = await replaceWith(target, write, options)
  if (options.flush !== false) await flushDirectory(dirname(target.path))
  return result
}

async function replaceWith<T>(
  { path, existing }: WriteTarget,
  write: (file: FileHandle) => Promise<T>,
  { temporaryIn = dirname(path), mode, flush = true }: ReplaceOptions,
): Promise<T> {
  const temporary = temporaryPath(join(temporaryIn, basename(path)))
  const file = await open(temporary, 'wx', mode)
  try {
    let result: T
    try {
      result = await write(file)
      if (existing !== undefined) await keepOwner(file, existing, mode)
      if (flush) await syncFile(file)
    } finally {
      await file.close()
    }
    await rename(temporary, path)
    return result
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw error
  }
}

async function writeParts(file: FileHandle, content: readonly (string | Uint8Array)[]): Promise<void> {
  for (const part of content) await file.writeFile(part)
}

/** Gives a file the owner and the permissions of the one that it replaces. */
async function keepOwner(file: FileHandle, { uid, gid, mode: before }: Stats, mode = before & 0o777): Promise<void> {
  const own = await file.stat()
  // Only root can give a file to someone else.
  if (own.uid !== uid || own.gid !== gid) await file.chown(uid, gid).catch(() => undefined)
  if ((own.mode & 0o777) !== mode) await file.chmod(mode)
}
