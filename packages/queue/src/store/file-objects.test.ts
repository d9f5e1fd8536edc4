/** What folders do that only folders do: fill up, take nothing, lose what was in them. */
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../testing/temporary-folder.js'
import { StoreError } from './object-store.js'
import { openStore } from './open-store.js'
import { sha256 } from './sha256.js'
import { serveStore } from './store-server.js'

/** A disk of its own of so many bytes, in memory; undefined where this user may mount none. */
async function smallDisk(numBytes: number): Promise<string | undefined> {
  const path = join(await temporaryFolder(), 'disk')
  await mkdir(path)
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${numBytes}`, 'tmpfs', path]).status !== 0) return undefined
  onTestFinished(() => void spawnSync('umount', ['-l', path]))
  return path
}

describe.each(['by itself', 'over HTTP'])('a disk that takes nothing more, %s', (way) => {
  async function open(folder: string) {
    const store = await openStore(`file:${folder}`)
    onTestFinished(() => store.close())
    if (way === 'by itself') return store
    const { address, token, close } = await serveStore(store)
    onTestFinished(close)
    const served = await openStore(address, { token })
    onTestFinished(() => served.close())
    return served
  }

  test('is full: one sentence, nothing in part, and it goes on once there is room', async ({ skip }) => {
    const folder = (await smallDisk(1e6)) ?? skip()
    const store = await open(folder)
    const kept = await store.put(randomBytes(500_000))
    const bytes = randomBytes(800_000)
    const failure: unknown = await store.put(bytes).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(StoreError)
    expect(failure).toHaveProperty(
      'message',
      expect.stringMatching(/^cannot write blob [0-9a-f]{12}… in the store \S+: no space left on device$/),
    )
    expect(await store.has(sha256(bytes))).toBe(false)
    expect(await readdir(join(folder, 'incoming'))).toEqual([])
    await store.delete(kept)
    expect(await store.get(await store.put(bytes), 800_000)).toHaveLength(800_000)
  })

  test('is read-only: it is read, and what is to be written fails in one sentence', async ({ skip }) => {
    const folder = (await smallDisk(1e6)) ?? skip()
    const store = await open(folder)
    const kept = await store.put(randomBytes(1000))
    await store.writeName('a', Buffer.from('b'))
    expect(spawnSync('mount', ['-o', 'remount,ro', folder]).status).toBe(0)
    expect(await store.get(kept, 1000)).toHaveLength(1000)
    expect(await store.readName('a')).toEqual(Buffer.from('b'))
    for (const action of [
      () => store.put(randomBytes(1000)),
      () => store.writeName('a', Buffer.from('c')),
      () => store.delete(kept),
      () => store.deleteName('a'),
    ]) {
      await expect(action()).rejects.toThrow(/^cannot (write|delete) .* in the store \S+: read-only file system$/)
    }
    expect(await (await open(folder)).get(kept, 1000)).toHaveLength(1000)
  })
})

test('a folder that was removed is made again', async () => {
  const folder = await temporaryFolder()
  const store = await openStore(`file:${folder}/store`)
  const hash = await store.put(Buffer.from('a'))
  await rm(join(folder, 'store'), { recursive: true })
  expect(await store.has(hash)).toBe(false)
  await store.put(Buffer.from('a'))
  await store.writeName('a/b', Buffer.from('c'))
  expect(await store.has(hash)).toBe(true)
})

test('a folder may be moved, with all that is in it', async () => {
  const folder = await temporaryFolder()
  const hash = await (await openStore(`file:${folder}/one`)).put(Buffer.from('a'))
  await rename(join(folder, 'one'), join(folder, 'two'))
  expect(await (await openStore(`file:${folder}/two`)).get(hash, 1)).toEqual(Buffer.from('a'))
})

test('what a process that was killed left is removed an hour later, and nothing else', async () => {
  const folder = await temporaryFolder()
  await openStore(`file:${folder}`)
  const incoming = join(folder, 'incoming')
  const [old, young] = ['0'.repeat(16), '1'.repeat(16)].map((digits) => `${'a'.repeat(64)}.${digits}.tmp`)
  for (const name of [old, young, 'notes']) await writeFile(join(incoming, name ?? ''), 'half')
  const twoHoursAgo = Date.now() / 1000 - 7200
  for (const name of [old, 'notes']) await utimes(join(incoming, name ?? ''), twoHoursAgo, twoHoursAgo)
  await openStore(`file:${folder}`)
  expect((await readdir(incoming)).sort()).toEqual([young, 'notes'])
})
