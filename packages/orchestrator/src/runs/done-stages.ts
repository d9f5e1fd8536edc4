/**
 * Stages that need not be trained: those that this run had done before it was cut off, and those that earlier runs of
 * the same folder left in the store.
 */
import { reasonOf } from '@gradpool/storage'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { stageFolder, type RunDirectory } from './run-directory.js'
import { DONE_FILE, readStageFiles, type DoneStage, type StageManifest } from './stage-files.js'
import { putIntoStore, STORE_FOLDER, takeFromStore } from './stage-store.js'

export interface DoneStagesOptions {
  readonly directory: RunDirectory
  /** See `Engine.numerics`. */
  readonly numerics: string
  /** Take nothing from the store. */
  readonly fresh: boolean
  readonly onWarning: (message: string) => void
}

export class DoneStages {
  readonly #options: DoneStagesOptions

  constructor(options: DoneStagesOptions) {
    this.#options = options
  }

  /** Its files are in the run's directory then; undefined where the stage is to be trained. */
  async find(hash: string): Promise<DoneStage | undefined> {
    const { directory, numerics, fresh, onWarning } = this.#options
    const wanted = { hash, numerics }
    const own = directory.stageFolder(hash)
    const before = await readStageFiles(own, wanted, onWarning)
    if (before !== undefined) return before
    if (fresh) return undefined
    const entry = this.#entry(hash)
    const found = await readStageFiles(entry, wanted, onWarning)
    if (found === undefined) return undefined
    try {
      await takeFromStore(entry, own, found.manifest)
    } catch (error) {
      onWarning(`cannot take a stage from '${entry}', so it is trained: ${reasonOf(error)}`)
      return undefined
    }
    return { ...found, manifest: { ...found.manifest, reused: true } }
  }

  /** Keeps a stage of this run for later ones. One that cannot be kept stops nothing. */
  async keep(manifest: StageManifest): Promise<void> {
    const { directory, onWarning } = this.#options
    const { hash } = manifest
    const entry = this.#entry(hash)
    try {
      await putIntoStore(entry, directory.stageFolder(hash), manifest)
    } catch (error) {
      onWarning(`cannot keep a stage in '${entry}' for later runs: ${reasonOf(error)}`)
    }
  }

  #entry(hash: string): string {
    const { directory, numerics } = this.#options
    return storedAt(directory.path, numerics, hash)
  }
}

/** Whether a run will find a stage done, as far as a look at names can tell. */
export function isLikelyDone(
  hash: string,
  { directory, numerics, fresh }: { readonly directory: string; readonly numerics: string; readonly fresh: boolean },
): boolean {
  const folders = [stageFolder(directory, hash), ...(fresh ? [] : [storedAt(directory, numerics, hash)])]
  return folders.some((folder) => existsSync(join(folder, DONE_FILE)))
}

function storedAt(directory: string, numerics: string, hash: string): string {
  return join(dirname(directory), STORE_FOLDER, numerics, hash)
}
