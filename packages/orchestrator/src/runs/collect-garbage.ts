/**
 * What in a folder of runs nothing refers to any more. Only real files and directories that Gradpool itself named
 * count: a symbolic link is never followed, and whatever else is found in Gradpool's own places is reported and left
 * alone.
 */
import { finalName, isHash, isOldTemporary } from '@gradpool/storage'
import { isCheckpointFile } from '@gradpool/trainer'
import type { Dirent } from 'node:fs'
import { lstat, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { findRuns, readRecord, readRun } from './read-run.js'
import { isLocked } from './run-lock.js'
import type { RunRecord } from './run-record.js'
import { DONE_FILE, isStageFile } from './stage-files.js'
import { STORE_FOLDER } from './stage-store.js'

/** In a folder of runs: what its runs serve to the workers of a queue. */
export const QUEUE_STORE = '.queue-store'
const QUEUE_STORE_NAMES: ReadonlySet<string> = new Set(['blobs', 'names', 'incoming', 'serving.json'])

export interface Garbage {
  readonly path: string
  /** Why it is not needed, in a few words. */
  readonly why: string
  /** What removing it frees, at most: files may share blocks. */
  readonly numBytes: number
}

/** What Gradpool did not make. */
export interface ForeignFile {
  readonly path: string
  /** In a few words: `a symbolic link`. */
  readonly what: string
}

export interface FoundGarbage {
  readonly garbage: readonly Garbage[]
  /** Found where garbage is looked for; never removed. */
  readonly foreign: readonly ForeignFile[]
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
): Promise<FoundGarbage> {
  let isServed = false
  const directories = await findRuns(runs, (message) => {
    // It may be one that is not over.
    isServed = true
    onDamaged(message)
  })
  const referred = new Set<string>()
  const found = new Findings()
  for (const directory of directories) {
    const record = await readRecord(directory)
    const { engine, experiments } = record
    isServed ||= servesStore(record) && (isLocked(directory) || !(await isOver(directory)))
    for (const { stages } of experiments) {
      for (const { hash } of stages) referred.add(`${engine.numerics}/${hash}`)
    }
    if (!isLocked(directory)) await findLeftovers(directory, found)
  }
  await findUnusedEntries(join(runs, STORE_FOLDER), referred, found)
  if (!isServed) {
    const store = (await entriesIn(runs)).find(({ name }) => name === QUEUE_STORE)
    if (store) await found.take(store, 'no run serves it to a queue any more', (name) => QUEUE_STORE_NAMES.has(name))
  }
  return found
}

/** Deletes what {@link findGarbage} found; a symbolic link that took its place meanwhile is not followed. */
export async function removeGarbage(garbage: readonly Garbage[]): Promise<void> {
  for (const { path } of garbage) await rm(path, { recursive: true, force: true })
}

class Findings implements FoundGarbage {
  readonly garbage: Garbage[] = []
  readonly foreign: ForeignFile[] = []

  /** Takes a file, or a directory of which Gradpool named all that is in it. */
  async take(entry: Dirent, why: string, isOwn: (name: string) => boolean): Promise<void> {
    const path = pathOf(entry)
    if (entry.isDirectory()) {
      const others = (await entriesIn(path)).filter(({ name }) => !isOwn(name))
      for (const other of others) this.leave(other)
      if (others.length > 0) return
    } else if (!entry.isFile()) {
      this.leave(entry)
      return
    }
    this.garbage.push({ path, why, numBytes: await sizeOf(path) })
  }

  leave(entry: Dirent): void {
    this.foreign.push({ path: pathOf(entry), what: kindOf(entry) })
  }
}

/** Whether a run over a queue had no store that its workers reach without it. */
function servesStore({ record: { queue, store } }: RunRecord): boolean {
  return queue !== undefined && store === undefined
}

async function isOver(directory: string): Promise<boolean> {
  const run = await readRun(directory).catch(() => undefined)
  return run?.result?.experiments.every(({ status }) => status === 'done') === true
}

async function findUnusedEntries(store: string, referred: ReadonlySet<string>, found: Findings): Promise<void> {
  for (const numerics of await entriesIn(store)) {
    if (!numerics.isDirectory()) {
      found.leave(numerics)
      continue
    }
    for (const entry of await entriesIn(pathOf(numerics))) {
      const { name } = entry
      const draftOf = finalName(name)
      if (!entry.isDirectory() || !isHash(draftOf ?? name)) found.leave(entry)
      else if (draftOf !== undefined) {
        // A run may be writing it.
        if (await isOldTemporary(pathOf(entry))) await found.take(entry, 'was cut off', isStageFile)
      } else if (!referred.has(`${numerics.name}/${name}`))
        await found.take(entry, 'no run has this stage', isStageFile)
    }
  }
}

/** What a process that was killed left in the directory of a run. */
async function findLeftovers(directory: string, found: Findings): Promise<void> {
  const places = [directory]
  for (const stage of await entriesIn(join(directory, 'stages'))) {
    if (!stage.isDirectory()) continue
    const entries = await entriesIn(pathOf(stage))
    const isDone = entries.some(({ name }) => name === DONE_FILE)
    const checkpoints = entries.find(({ name }) => name === 'checkpoints')
    places.push(pathOf(stage))
    if (checkpoints && isDone) await found.take(checkpoints, 'its stage is done', isCheckpointFile)
    else if (checkpoints?.isDirectory() === true) places.push(pathOf(checkpoints))
  }
  for (const place of places) {
    const temporaries = (await entriesIn(place)).filter(({ name }) => finalName(name) !== undefined)
    for (const entry of temporaries) await found.take(entry, 'was cut off', () => true)
  }
}

/** None for what is no directory, such as a symbolic link to one, and for what is not there. */
async function entriesIn(folder: string): Promise<Dirent[]> {
  const status = await lstat(folder).catch(() => undefined)
  return status?.isDirectory() === true ? readdir(folder, { withFileTypes: true }) : []
}

function pathOf({ parentPath, name }: Dirent): string {
  return join(parentPath, name)
}

function kindOf(entry: Dirent): string {
  if (entry.isSymbolicLink()) return 'a symbolic link'
  if (entry.isDirectory()) return 'a directory'
  return entry.isFile() ? 'a file' : 'a pipe or a device'
}

async function sizeOf(path: string): Promise<number> {
  const status = await lstat(path)
  if (!status.isDirectory()) return status.size
  const names = await readdir(path)
  const sizes = await Promise.all(names.map((name) => sizeOf(join(path, name))))
  return sizes.reduce((sum, size) => sum + size, 0)
}
