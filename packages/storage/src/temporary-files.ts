/**
 * Temporary files and directories: each is made beside what it will be renamed to, and named so that nobody can predict
 * it and that a later process knows it for one that a crash left behind:
 *
 *     model.gradpool.3f9c2a7be0d14856.tmp
 */
import { randomBytes } from 'node:crypto'
import { lstat, readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isMissing } from './file-errors.js'

const RANDOM_BYTES = 8
/** File systems take names of 255 bytes, of which the end needs 21. */
const MAX_NAME_BYTES = 230
/** Up to version 0.2 the number of the process stood where the random digits are now. */
const PATTERN = /^(.*)\.(?:[0-9a-f]{16}|\d{1,10})\.tmp$/s

/** An hour without a write: no process is that slow. */
const MAX_AGE_MS = 3_600_000

/** A new name beside a path. */
export function temporaryPath(path: string): string {
  const name = basename(path)
  const start = Buffer.byteLength(name) > MAX_NAME_BYTES ? 'file' : name
  return join(dirname(path), `${start}.${randomBytes(RANDOM_BYTES).toString('hex')}.tmp`)
}

/** What a temporary file or directory will be called; `file` for a very long name; undefined for every other name. */
export function finalName(name: string): string | undefined {
  return PATTERN.exec(name)?.[1]
}

/**
 * Deletes temporary files and directories of one directory that nothing was written to for an hour; symbolic links
 * stay.
 *
 * @param isOwn Whether a name, without its temporary end, is one that the caller gives. Default: any is.
 * @throws what the file system throws, but for a directory that does not exist
 */
export async function removeOldTemporaries(
  folder: string,
  isOwn: (name: string) => boolean = () => true,
): Promise<void> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return []
    throw error
  })
  for (const name of names) {
    const own = finalName(name)
    if (own === undefined || !isOwn(own)) continue
    const path = join(folder, name)
    if (await isOldTemporary(path)) await rm(path, { recursive: true, force: true })
  }
}

/** Whether a path is a file or a directory, and nothing was written to it for an hour. */
export async function isOldTemporary(path: string): Promise<boolean> {
  const newest = await lastWrite(path)
  return newest !== undefined && Date.now() - newest > MAX_AGE_MS
}

/** Of a directory, the last write to it or to a file in it. Undefined for what is neither, and what is gone. */
async function lastWrite(path: string): Promise<number | undefined> {
  const status = await lstat(path).catch(() => undefined)
  if (status?.isFile() === true) return status.mtimeMs
  if (status?.isDirectory() !== true) return undefined
  const names = await readdir(path).catch(() => [])
  const times = await Promise.all(
    names.map((name) =>
      lstat(join(path, name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => Date.now(),
      ),
    ),
  )
  return Math.max(status.mtimeMs, ...times)
}
