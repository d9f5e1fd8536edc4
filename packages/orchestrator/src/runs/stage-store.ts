/**
 * Stages that earlier runs trained, by what determines their bits:
 *
 *     <runs>/.store/<numerics>/<hash>/     the files of stage-files.ts
 *
 * Entries are hard links to the files of runs where the file system has them, so they take no room of their own. An
 * entry appears by one rename, whole.
 */
import { codeOf, flushDirectory, isMissing, makeDirectories, writeDurably } from '@gradpool/storage'
import { copyFile, link, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { BEST_FILE, DONE_EARLIER, STAGE_FILES } from './stage-files.js'

export const STORE_FOLDER = '.store'

/** Puts the files of a stage that is done into the store, in the place of those that may be there. */
export async function putIntoStore(entry: string, stageFolder: string): Promise<void> {
  const draft = `${entry}.${process.pid}.tmp`
  await makeDirectories(dirname(entry))
  await rm(draft, { recursive: true, force: true })
  await mkdir(draft)
  try {
    for (const name of STAGE_FILES) await linkAnew(join(stageFolder, name), join(draft, name))
    await linkBest(stageFolder, draft)
    await flushDirectory(draft)
    // Only one that is damaged or of another version is there, or one that another run has just put there.
    await rm(entry, { recursive: true, force: true })
    await rename(draft, entry)
    await flushDirectory(dirname(entry))
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    if (!isThere(error)) throw error
  }
}

/** Gives a run the files of an entry; `done` comes last, and says where they are from. */
export async function takeFromStore(entry: string, stageFolder: string): Promise<void> {
  const [modelFile, metricsFile, doneFile] = STAGE_FILES
  await makeDirectories(stageFolder)
  await rm(join(stageFolder, doneFile), { force: true })
  for (const name of [modelFile, metricsFile]) {
    await linkAnew(join(entry, name), join(stageFolder, name))
  }
  await linkBest(entry, stageFolder)
  await writeDurably(join(stageFolder, doneFile), DONE_EARLIER)
}

/** Entries of the store of a folder of runs, as `{ numerics, hash, path }`. */
export async function storeEntries(
  runs: string,
): Promise<{ readonly numerics: string; readonly hash: string; readonly path: string }[]> {
  const store = join(runs, STORE_FOLDER)
  const entries = []
  for (const numerics of await namesIn(store)) {
    for (const hash of await namesIn(join(store, numerics))) {
      entries.push({ numerics, hash, path: join(store, numerics, hash) })
    }
  }
  return entries
}

/** Where there is one. */
async function linkBest(from: string, to: string): Promise<void> {
  try {
    await linkAnew(join(from, BEST_FILE), join(to, BEST_FILE))
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}

/** A copy where the file system has no links. */
async function linkAnew(from: string, to: string): Promise<void> {
  await rm(to, { force: true })
  try {
    await link(from, to)
  } catch (error) {
    if (isMissing(error)) throw error
    await copyFile(from, to)
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

function isThere(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'ENOTEMPTY' || code === 'EEXIST'
}
