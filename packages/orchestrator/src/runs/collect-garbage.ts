/**
 * What in a folder of runs nothing refers to any more.
 */
import { lstat, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { existsSync } from 'node:fs'
import { findRuns, readRecord, readRun } from './read-run.js'
import { isLocked } from './run-lock.js'
import type { RunRecord } from './run-record.js'
import { storeEntries } from './stage-store.js'

/** In a folder of runs: what its runs serve to the workers of a queue. */
export const QUEUE_STORE = '.queue-store'

export interface Garbage {
  readonly path: string
  /** Why it is not needed, in a few words. */
  readonly why: string
  /** What removing it frees, at most: files may share blocks. */
  readonly numBytes: number
}

/**
 * Entries of the store that no run has, and what processes that were killed left behind: temporary files, and
 * checkpoints of stages that are done; and what runs served to a queue, once all of them are over. A run keeps its own
 * files, whatever becomes of the store.
 *
 * @param onDamaged Told in one sentence of each run whose record cannot be read, so that what it needs is not known.
 */
export async function findGarbage(
  runs: string,
  onDamaged: (message: string) => void = () => undefined,
): Promise<Garbage[]> {
  let isServed = false
  const directories = await findRuns(runs, (message) => {
    // It may be one that is not over.
    isServed = true
    onDamaged(message)
  })
  const referred = new Set<string>()
  const garbage: Garbage[] = []
  for (const directory of directories) {
    const record = await readRecord(directory)
    const { engine, experiments } = record
    isServed ||= servesStore(record) && (isLocked(directory) || !(await isOver(directory)))
    for (const { stages } of experiments) {
      for (const { hash } of stages) referred.add(`${engine.numerics}/${hash}`)
    }
    if (!isLocked(directory)) garbage.push(...(await leftovers(directory)))
  }
  for (const { numerics, hash, path } of await storeEntries(runs)) {
    if (referred.has(`${numerics}/${hash}`)) continue
    const why = hash.endsWith('.tmp') ? 'was cut off' : 'no run has this stage'
    garbage.push({ path, why, numBytes: await sizeOf(path) })
  }
  const queueStore = join(runs, QUEUE_STORE)
  if (!isServed && existsSync(queueStore)) {
    const why = 'no run serves it to a queue any more'
    garbage.push({ path: queueStore, why, numBytes: await sizeOf(queueStore) })
  }
  return garbage
}

/** Whether a run over a queue had no store that its workers reach without it. */
function servesStore({ record: { queue, store } }: RunRecord): boolean {
  return queue !== undefined && store === undefined
}

async function isOver(directory: string): Promise<boolean> {
  const run = await readRun(directory).catch(() => undefined)
  return run?.result?.experiments.every(({ status }) => status === 'done') === true
}

export async function removeGarbage(garbage: readonly Garbage[]): Promise<void> {
  for (const { path } of garbage) await rm(path, { recursive: true, force: true })
}

async function leftovers(directory: string): Promise<Garbage[]> {
  const found: Garbage[] = []
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const paths = new Set(entries.map(({ parentPath, name }) => join(parentPath, name)))
  for (const { parentPath, name } of entries) {
    const path = join(parentPath, name)
    if (name.endsWith('.tmp')) {
      found.push({ path, why: 'was cut off', numBytes: await sizeOf(path) })
    } else if (name === 'checkpoints' && paths.has(join(parentPath, 'done'))) {
      found.push({ path, why: 'its stage is done', numBytes: await sizeOf(path) })
    }
  }
  return found
}

async function sizeOf(path: string): Promise<number> {
  const status = await lstat(path)
  if (!status.isDirectory()) return status.size
  const names = await readdir(path)
  const sizes = await Promise.all(names.map((name) => sizeOf(join(path, name))))
  return sizes.reduce((sum, size) => sum + size, 0)
}
