/**
 * A store behind a cache of blobs of this machine, bounded in bytes: what was read least recently goes first. Names are
 * never cached, as they change. What the cache does not have, or cannot keep, comes from the store.
 *
 * Callers share the bytes: nobody changes them.
 */
import { lstat, readdir, rm, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { isHash, makeDirectories, readRegular, removeOldTemporaries, replaceFile } from '@gradpool/storage'
import type { BlobStore } from './blob-store.js'
import { checkKey } from './object-store.js'
import { sha256 } from './sha256.js'

/** What keeps blobs as long as there is room. It may forget any at any time, and never fails. */
export interface BlobCache {
  /** Bytes whose hash was checked. */
  read(hash: string, most: number): Promise<Uint8Array | undefined>
  keep(hash: string, bytes: Uint8Array): Promise<void>
  forget(hash: string): Promise<void>
}

export function cachedStore(store: BlobStore, cache: BlobCache): BlobStore {
  /** What several ask for at once is fetched once. */
  const fetching = new Map<string, Promise<Uint8Array>>()

  async function fetch(hash: string, most: number): Promise<Uint8Array> {
    const kept = await cache.read(hash, most)
    if (kept !== undefined) return kept
    const bytes = await store.get(hash, most)
    await cache.keep(hash, bytes)
    return bytes
  }

  return {
    address: store.address,
    put: (bytes) => store.put(bytes),
    async get(hash, most) {
      checkKey({ blob: hash })
      // Who takes fewer bytes than another may have to fail alone.
      const id = `${hash} ${most}`
      const bytes = fetching.get(id) ?? fetch(hash, most).finally(() => fetching.delete(id))
      fetching.set(id, bytes)
      return bytes
    },
    has: (hash) => store.has(hash),
    async delete(hash) {
      await cache.forget(hash)
      await store.delete(hash)
    },
    readName: (name) => store.readName(name),
    writeName: (name, bytes) => store.writeName(name, bytes),
    deleteName: (name) => store.deleteName(name),
    close: () => store.close(),
  }
}

/** In the memory of this process. */
export function memoryCache(mostBytes: number): BlobCache {
  /** The least recently read first. */
  const kept = new Map<string, Uint8Array>()
  let numBytes = 0
  const forget = (hash: string) => {
    numBytes -= kept.get(hash)?.length ?? 0
    kept.delete(hash)
  }
  return {
    read(hash, most) {
      const bytes = kept.get(hash)
      if (bytes === undefined || bytes.length > most) return Promise.resolve(undefined)
      kept.delete(hash)
      kept.set(hash, bytes)
      return Promise.resolve(bytes)
    },
    keep(hash, bytes) {
      forget(hash)
      if (bytes.length > mostBytes) return Promise.resolve()
      kept.set(hash, bytes)
      numBytes += bytes.length
      for (const oldest of kept.keys()) {
        if (numBytes <= mostBytes) break
        forget(oldest)
      }
      return Promise.resolve()
    },
    forget(hash) {
      forget(hash)
      return Promise.resolve()
    },
  }
}

/** After so much of the bound was written here, what other processes wrote is counted, too. */
const COUNTED_AFTER = 1 / 16
/** What is left after some had to go, so that it is not counted again at the next blob. */
const LEFT = 0.9

/**
 * Files of a folder, which any number of processes may share. They may together have more than the bound by a sixteenth
 * of it for each process.
 */
export function diskCache(folder: string, mostBytes: number): BlobCache {
  /** Written here since all were counted; at first, nothing is known. */
  let uncounted = Infinity
  let counting: Promise<void> | undefined
  const pathOf = (hash: string) => join(folder, hash)

  async function makeRoom(): Promise<void> {
    uncounted = 0
    await removeOldTemporaries(folder)
    const files = []
    for (const name of await readdir(folder)) {
      const path = join(folder, name)
      const its = isHash(name) ? await lstat(path).catch(() => undefined) : undefined
      if (its?.isFile() === true) files.push({ path, size: its.size, readMs: its.mtimeMs })
    }
    let numBytes = files.reduce((sum, { size }) => sum + size, 0)
    if (numBytes <= mostBytes) return
    for (const { path, size } of files.sort((one, other) => one.readMs - other.readMs)) {
      if (numBytes <= mostBytes * LEFT) break
      await rm(path, { force: true })
      numBytes -= size
    }
  }

  return {
    async read(hash, most) {
      const path = pathOf(hash)
      const bytes = await readRegular(path, { most }).catch(() => undefined)
      if (bytes === undefined) return undefined
      if (sha256(bytes) !== hash) {
        await rm(path, { force: true }).catch(() => undefined)
        return undefined
      }
      const now = new Date()
      await utimes(path, now, now).catch(() => undefined)
      return bytes
    },
    async keep(hash, bytes) {
      if (bytes.length > mostBytes * LEFT) return
      try {
        await makeDirectories(folder)
        // Not flushed: a file that a power cut damaged is found out when it is read.
        await replaceFile(pathOf(hash), (file) => file.writeFile(bytes), { flush: false })
        uncounted += bytes.length
        if (uncounted > mostBytes * COUNTED_AFTER) {
          counting ??= makeRoom().finally(() => (counting = undefined))
          await counting
        }
      } catch {
        // A full disk, or a folder that nobody may write: it goes without.
      }
    },
    async forget(hash) {
      await rm(pathOf(hash), { force: true }).catch(() => undefined)
    },
  }
}
