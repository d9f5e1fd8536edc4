/**
 * Objects as files of a folder, which machines may share. A file is written under a name of its own in `incoming`,
 * flushed, and then gets its name: any number of processes and machines may write at once.
 *
 * The system brings what several flush at once to the disk together, so that many puts at once share its flushes.
 */
import { randomUUID } from 'node:crypto'
import { access, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { UserError } from '@gradpool/core'
import { flushDirectory, isMissing, makeDirectories, readRegular, reasonOf, syncFile } from '@gradpool/storage'
import { type ObjectKey, type ObjectStore, pathOf, storeError, titleOf } from './object-store.js'

/** What lies in `incoming` longer was left there by a process that was killed. */
const LEFT_MS = 24 * 3600e3

/** @throws UserError where the folder cannot be made */
export async function openFileObjects(path: string): Promise<ObjectStore> {
  const folder = resolve(path)
  const address = `file:${folder}`
  const incoming = join(folder, 'incoming')
  try {
    await makeDirectories(incoming)
  } catch (error) {
    throw new UserError(`cannot make the store's folder '${folder}': ${reasonOf(error)}`, { cause: error })
  }
  await removeLeft(incoming)
  /** Of folders that are there, and on the disk. */
  const made = new Set<string>()

  async function make(parent: string): Promise<void> {
    if (made.has(parent) || parent === folder) return
    await make(dirname(parent))
    await mkdir(parent, { recursive: true })
    await flushDirectory(dirname(parent))
    made.add(parent)
  }

  async function write(target: string, bytes: Uint8Array): Promise<void> {
    const temporary = join(incoming, randomUUID())
    try {
      const file = await open(temporary, 'wx')
      try {
        await file.writeFile(bytes)
        await syncFile(file)
      } finally {
        await file.close()
      }
      await make(dirname(target))
      await rename(temporary, target)
    } catch (error) {
      made.clear()
      await rm(temporary, { force: true }).catch(() => undefined)
      throw error
    }
    await flushDirectory(dirname(target))
  }

  const failure = (what: string, key: ObjectKey, error: unknown) => {
    const reason = reasonOf(error).replace(`'${join(folder, pathOf(key))}'`, 'it')
    return storeError(`${what} ${titleOf(key)}`, address, reason, error)
  }

  return {
    address,
    asksFromBytes: 0,
    async read(key, most) {
      try {
        return await readRegular(join(folder, pathOf(key)), { most })
      } catch (error) {
        if (isMissing(error)) return undefined
        throw failure('cannot read', key, error)
      }
    },
    async write(key, bytes) {
      const target = join(folder, pathOf(key))
      // Where someone removed the folder meanwhile, it is made again.
      await write(target, bytes)
        .catch((error: unknown) => {
          if (!isMissing(error)) throw error
          return makeDirectories(incoming).then(() => write(target, bytes))
        })
        .catch((error: unknown) => {
          throw failure('cannot write', key, error)
        })
    },
    has: (key) =>
      access(join(folder, pathOf(key))).then(
        () => true,
        (error: unknown) => {
          if (isMissing(error)) return false
          throw failure('cannot look for', key, error)
        },
      ),
    async delete(key) {
      await rm(join(folder, pathOf(key)), { force: true }).catch((error: unknown) => {
        if (!isMissing(error)) throw failure('cannot delete', key, error)
      })
    },
    close: () => Promise.resolve(),
  }
}

async function removeLeft(incoming: string): Promise<void> {
  for (const name of await readdir(incoming).catch(() => [])) {
    const path = join(incoming, name)
    const mtime = await stat(path).then(
      (its) => its.mtimeMs,
      () => Infinity,
    )
    if (mtime < Date.now() - LEFT_MS) await rm(path, { force: true }).catch(() => undefined)
  }
}
