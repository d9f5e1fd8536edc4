import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { memoryObjects } from '../testing/memory-objects.js'
import { temporaryFolder } from '../testing/temporary-folder.js'
import { type BlobCache, cachedStore, diskCache, memoryCache } from './blob-cache.js'
import type { BlobStore } from './blob-store.js'
import { contentStore } from './content-store.js'

/** A store that says which blobs were asked of it. */
function counted(): { store: BlobStore; asked: string[] } {
  const store = contentStore(memoryObjects())
  const asked: string[] = []
  const get = (hash: string, most: number) => {
    asked.push(hash)
    return store.get(hash, most)
  }
  return { asked, store: { ...store, get } }
}

const CACHES: Readonly<Record<string, (mostBytes: number) => Promise<BlobCache>>> = {
  memory: (mostBytes) => Promise.resolve(memoryCache(mostBytes)),
  disk: async (mostBytes) => diskCache(join(await temporaryFolder(), 'cache'), mostBytes),
}

describe.each(Object.entries(CACHES))('a cache: %s', (_title, make) => {
  test('asks the store once', async () => {
    const { store, asked } = counted()
    const cached = cachedStore(store, await make(10_000))
    const hash = await cached.put(randomBytes(1000))
    await Promise.all([1, 2, 3].map(() => cached.get(hash, 1000)))
    await cached.get(hash, 2000)
    expect(asked).toEqual([hash])
  })

  test('keeps the bound of who asks', async () => {
    const { store } = counted()
    const cached = cachedStore(store, await make(10_000))
    const hash = await cached.put(randomBytes(1000))
    await cached.get(hash, 1000)
    await expect(cached.get(hash, 999)).rejects.toThrow(/999 is the most that are read$/)
  })

  test('forgets what was read least recently', async () => {
    const { store, asked } = counted()
    const cached = cachedStore(store, await make(10_000))
    const hashes = []
    for (let index = 0; index < 12; index++) {
      const hash = await cached.put(randomBytes(1000))
      hashes.push(hash)
      await cached.get(hash, 1000)
      // A clock of files may be coarse.
      await new Promise((resolve) => setTimeout(resolve, 20))
      await cached.get(hashes[0] ?? '', 1000)
    }
    asked.length = 0
    await cached.get(hashes[0] ?? '', 1000)
    await cached.get(hashes[11] ?? '', 1000)
    expect(asked).toEqual([])
    await cached.get(hashes[1] ?? '', 1000)
    expect(asked).toEqual([hashes[1]])
  })

  test('does not keep what is more than all of it', async () => {
    const { store, asked } = counted()
    const cached = cachedStore(store, await make(10_000))
    const [small, large] = [await cached.put(randomBytes(1000)), await cached.put(randomBytes(10_001))]
    for (const hash of [small, large, small, large]) await cached.get(hash, 20_000)
    expect(asked).toEqual([small, large, large])
  })

  test('has nothing that was deleted', async () => {
    const { store } = counted()
    const cached = cachedStore(store, await make(10_000))
    const hash = await cached.put(randomBytes(1000))
    await cached.get(hash, 1000)
    await cached.delete(hash)
    await expect(cached.get(hash, 1000)).rejects.toThrow(/does not have/)
  })
})

describe('a cache on disk', () => {
  test('what is damaged in it comes from the store again', async () => {
    const { store, asked } = counted()
    const folder = await temporaryFolder()
    const cached = cachedStore(store, diskCache(folder, 10_000))
    const bytes = randomBytes(1000)
    const hash = await cached.put(bytes)
    await cached.get(hash, 1000)
    await writeFile(join(folder, hash), bytes.subarray(0, 500))
    expect(await cached.get(hash, 1000)).toEqual(bytes)
    expect(await cached.get(hash, 1000)).toEqual(bytes)
    expect(asked).toEqual([hash, hash])
  })

  test('is bounded for several that share it, whatever lay in it', async () => {
    const { store } = counted()
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'f'.repeat(64)), randomBytes(1_000_000))
    const left = join(folder, `${'e'.repeat(64)}.0123456789abcdef.tmp`)
    await writeFile(left, randomBytes(100_000))
    await utimes(left, 1, 1)
    await utimes(join(folder, 'f'.repeat(64)), 1, 1)
    const all = [1, 2, 3].map(() => cachedStore(store, diskCache(folder, 100_000)))
    await Promise.all(
      all.map(async (cached) => {
        for (let index = 0; index < 60; index++) await cached.get(await store.put(randomBytes(3000)), 3000)
      }),
    )
    const files = await readdir(folder)
    const sizes = await Promise.all(files.map(async (name) => (await stat(join(folder, name))).size))
    const numBytes = sizes.reduce((sum, size) => sum + size, 0)
    expect(numBytes).toBeLessThanOrEqual(100_000 * (1 + 3 / 16))
    expect(numBytes).toBeGreaterThan(50_000)
  })

  test.each(['full', 'read-only', 'no folder'])('goes without where its disk is %s', async (kind) => {
    const { store, asked } = counted()
    const folder = join(await temporaryFolder(), 'disk')
    if (kind === 'no folder') await writeFile(folder, '')
    else {
      await mkdir(folder)
      const options = ['-t', 'tmpfs', '-o', `size=65536${kind === 'full' ? '' : ',ro'}`, 'tmpfs', folder]
      if (spawnSync('mount', options).status !== 0) return
      onTestFinished(() => void spawnSync('umount', ['-l', folder]))
    }
    const cached = cachedStore(store, diskCache(folder, 1e6))
    const bytes = randomBytes(100_000)
    const hash = await cached.put(bytes)
    for (let time = 0; time < 2; time++) expect(await cached.get(hash, 100_000)).toEqual(bytes)
    expect(asked).toEqual([hash, hash])
    if (kind !== 'no folder') expect(await readdir(folder)).toEqual([])
  })
})
