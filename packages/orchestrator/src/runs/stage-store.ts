/**
 * Stages that earlier runs trained, by what determines their bits:
 *
 *     <runs>/.store/<numerics>/<hash>/     the files of stage-files.ts
 *
 * Entries are copies of the files of runs, so that a change of one is none of the other; where the file system shares
 * blocks between files, they take no room of their own. An entry appears by one rename, whole. It is not flushed: the
 * run has its files, and an entry that the machine's stop left incomplete is not as it was told, so it is made again.
 */
import { codeOf, makeDirectories, syncFile, temporaryPath } from '@gradpool/storage'
import { constants } from 'node:fs'
import { copyFile, mkdir, open, readdir, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DONE_FILE, remove, writeManifest, type StageManifest } from './stage-files.js'

export const STORE_FOLDER = '.store'

/** Puts the files of a stage that is done into the store, in the place of those that may be there. */
export async function putIntoStore(entry: string, stageFolder: string, manifest: StageManifest): Promise<void> {
  const draft = temporaryPath(entry)
  await makeDirectories(dirname(entry))
  try {
    await mkdir(draft)
    for (const name of [...Object.keys(manifest.files), DONE_FILE]) await copy(stageFolder, draft, name)
    await rename(draft, entry).catch(async () => {
      // Only one that is damaged or of another version is there, or one that another run has just put there.
      await remove(entry)
      await rename(draft, entry)
    })
  } catch (error) {
    await remove(draft)
    if (!isThere(error)) throw error
  }
}

/** Gives a run the files of an entry; `done` comes last, and says that they are of an earlier run. */
export async function takeFromStore(entry: string, stageFolder: string, manifest: StageManifest): Promise<void> {
  await makeDirectories(stageFolder)
  await remove(join(stageFolder, DONE_FILE))
  const there = await readdir(stageFolder)
  for (const name of Object.keys(manifest.files)) {
    const path = join(stageFolder, name)
    if (there.includes(name)) await remove(path)
    await copy(entry, stageFolder, name)
    await flush(path)
  }
  await writeManifest(stageFolder, { ...manifest, reused: true })
}

function copy(from: string, to: string, name: string): Promise<void> {
  return copyFile(join(from, name), join(to, name), constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
}

async function flush(path: string): Promise<void> {
  const file = await open(path, process.platform === 'win32' ? 'r+' : 'r')
  try {
    await syncFile(file)
  } finally {
    await file.close()
  }
}

function isThere(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'ENOTEMPTY' || code === 'EEXIST'
}
