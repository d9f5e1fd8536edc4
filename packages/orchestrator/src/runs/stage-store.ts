/**
 * Stages that earlier runs trained, by what determines their bits:
 *
 *     <runs>/.store/<numerics>/<hash>/     the files of stage-files.ts
 *
 * Entries are hard links to the files of runs where the file system has them, so they take no room of their own. An
 * entry appears by one rename, whole.
 */
import { copyFile, link, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { flushDirectory, makeDirectories } from '../files/durable-file.js'
import { codeOf, isMissing } from '../files/file-errors.js'
import { STAGE_FILES } from './stage-files.js'

export const STORE_FOLDER = '.store'

/** Puts the files of a stage that is done into the store, in the place of those that may be there. */
export async function putIntoStore(entry: string, stageFolder: string): Promise<void> {
  const draft = `${entry}.${process.pid}.tmp`
  await makeDirectories(dirname(entry))
  await rm(draft, { recursive: true, force: true })
  await mkdir(draft)
  try {
    await linkStage(stageFolder, draft)
    // Only one that is damaged or of another version is there, or one that another run has just put there.
    await rm(entry, { recursive: true, force: true })
    await rename(draft, entry)
    await flushDirectory(dirname(entry))
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    if (!isThere(error)) throw error
  }
}

/** Gives a stage's folder the files of an entry or of another folder; `done` comes last. */
export async function linkStage(from: string, to: string): Promise<void> {
  await makeDirectories(to)
  for (const name of STAGE_FILES) {
    await rm(join(to, name), { force: true })
    await linkOrCopy(join(from, name), join(to, name))
  }
  await flushDirectory(to)
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

async function linkOrCopy(from: string, to: string): Promise<void> {
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
