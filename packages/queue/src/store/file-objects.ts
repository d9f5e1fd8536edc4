/**
 * Objects as files of a folder, which machines may share. A file is written under a name of its own in `incoming`,
 * flushed, and then gets its name: any number of processes and machines may write at once.
 *
 * The system brings what several flush at once to the disk together, so that many puts at once share its flushes.
 */
import { access, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { UserError } from '@gradpool/core'
import {
  flushDirectory,
  isMissing,
  makeDirectories,
  readRegular,
  reasonOf,
  removeOldTemporaries,
  replaceFile,
} from '@gradpool/storage'
import { type ObjectKey, type ObjectStore, pathOf, storeError, titleOf } from './object-store.js'

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
  await removeOldTemporaries(incoming).catch(() => undefined)
  /** Of folders that are there, and on the disk. */
  const made = new Set<string>()

  async function make(parent: string): Promise<void> {
    if (made.has(parent) || parent === folder) return
    await make(dirname(parent))
    await makeDirectories(parent)
    await flushDirectory(dirname(parent))
    made.add(parent)
  }

  async function write(target: string, bytes: Uint8Array): Promise<void> {
    try {
      await make(dirname(target))
      await replaceFile(target, (file) => file.writeFile(bytes), { temporaryIn: incoming })
    } catch (error) {
      made.clear()
      throw error
    }
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
