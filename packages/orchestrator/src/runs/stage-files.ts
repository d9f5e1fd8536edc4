/**
 * What a stage leaves behind once it is done, in a folder of its own:
 *
 *     model.gradpool   the saved model, with all states at the end, the optimizer's included
 *     best.gradpool    the same after the best epoch, where that is another than the last
 *     metrics.json     every epoch, the test, the samples
 *     done             written last: which stage this is, and the size and SHA-256 of each of these files
 */
import { UserError } from '@gradpool/core'
import { type StateValues } from '@gradpool/core/engine'
import { STAGE_FORMAT } from '@gradpool/experiments'
import {
  decodeSavedModel,
  finalName,
  hasFields,
  isFileTold,
  isMissing,
  isText,
  makeDirectories,
  messageOf,
  openSealed,
  readRegular,
  readTold,
  reasonOf,
  refuseOtherVersion,
  sealJson,
  tellOf,
  valuesOf,
  weightsHash,
  writeAllDurably,
  writeDurably,
  type FileTold,
} from '@gradpool/storage'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { reviveRows } from './revive-rows.js'
import { isStageMetrics, type StageMetrics } from './stage-metrics.js'

export const MODEL_FILE = 'model.gradpool'
const BEST_FILE = 'best.gradpool'
const METRICS_FILE = 'metrics.json'
export const DONE_FILE = 'done'

/** Up to version 0.1 the weights were a file of their own. */
const STAGE_FILES: ReadonlySet<string> = new Set([
  MODEL_FILE,
  BEST_FILE,
  METRICS_FILE,
  DONE_FILE,
  'weights.safetensors',
])

/** Whether Gradpool gives a file of a stage this name. */
export function isStageFile(name: string): boolean {
  return STAGE_FILES.has(finalName(name) ?? name)
}

const FORMAT = 'gradpool-stage'
/** A few hashes. */
const MOST_DONE_BYTES = 65536

/** What determines the bits of a stage, whichever version of this package trained it. */
export interface StageId {
  /** It has the Programs, and the version of what they mean. */
  readonly hash: string
  /** See `Engine.numerics`. */
  readonly numerics: string
}

/** `done`. */
export interface StageManifest extends StageId {
  /** Trained by an earlier run. */
  readonly reused: boolean
  /** By name, without `done`. */
  readonly files: Readonly<Record<string, FileTold>>
}

export interface DoneStage {
  readonly metrics: StageMetrics
  readonly state: StateValues
  readonly manifest: StageManifest
  /** The path of `best.gradpool`, where there is one. */
  readonly best?: string
}

/**
 * Takes away what is there under these names, were it a folder.
 *
 * @throws UserError when a file cannot be written; `done` is not there then.
 */
export async function writeStageFiles(
  folder: string,
  metrics: StageMetrics,
  model: Uint8Array,
  best: Uint8Array | undefined,
): Promise<StageManifest> {
  const text = new TextEncoder().encode(`${JSON.stringify(metrics, null, 2)}\n`)
  const files = { [MODEL_FILE]: model, ...(best && { [BEST_FILE]: best }), [METRICS_FILE]: text }
  try {
    await makeDirectories(folder)
    const there = await readdir(folder)
    for (const name of [DONE_FILE, MODEL_FILE, BEST_FILE, METRICS_FILE]) {
      if (there.includes(name)) await remove(join(folder, name))
    }
    await writeAllDurably(folder, files)
    const told = Object.entries(files).map(([name, bytes]) => [name, tellOf(bytes)] as const)
    const { numerics, stage } = metrics
    const manifest = { hash: stage.hash, numerics, reused: false, files: Object.fromEntries(told) }
    await writeManifest(folder, manifest)
    return manifest
  } catch (error) {
    throw new UserError(`cannot write its files to '${folder}': ${reasonOf(error)}`, {
      cause: error,
    })
  }
}

/** From then on the stage is done. @throws what the file system throws */
export async function writeManifest(folder: string, manifest: StageManifest): Promise<void> {
  await writeDurably(join(folder, DONE_FILE), sealJson({ format: FORMAT, formatVersion: STAGE_FORMAT, ...manifest }))
}

/** Whatever it is. */
export async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true })
}

/**
 * Undefined where the stage is not done.
 *
 * @param onDamaged Told in one sentence of files that are not this stage's, or not as they were written; they are left
 *   aside.
 */
export async function readStageFiles(
  folder: string,
  wanted: StageId,
  onDamaged: (message: string) => void,
): Promise<DoneStage | undefined> {
  try {
    return await readDoneStage(folder, wanted)
  } catch (error) {
    onDamaged(`${messageOf(error)}; the stage is trained again`)
    return undefined
  }
}

/**
 * What a stage left behind in its folder; undefined where it is not done.
 *
 * @throws UserError with one sentence for files of another stage, or that are not as they were written
 */
export async function readDoneStage(folder: string, wanted: StageId): Promise<DoneStage | undefined> {
  const path = (name: string) => join(folder, name)
  try {
    const manifest = await readManifest(path(DONE_FILE))
    if (manifest === undefined) return undefined
    const { hash, numerics, files } = manifest
    if (hash !== wanted.hash || numerics !== wanted.numerics) {
      throw new UserError(`'${folder}' has the files of another stage`)
    }
    const [model, metricsText, best] = await Promise.all(
      [MODEL_FILE, METRICS_FILE, BEST_FILE].map(
        async (name) => files[name] && (await readTold(path(name), files[name])),
      ),
    )
    const metrics: unknown = JSON.parse(String(metricsText), reviveRows)
    const isOf = isStageMetrics(metrics) && metrics.stage.hash === hash && metrics.numerics === numerics
    if (!isOf || model === undefined) throw new UserError(`'${path(METRICS_FILE)}' is damaged`)
    const state = valuesOf(decodeSavedModel(model, `'${path(MODEL_FILE)}'`).states)
    if (weightsHash(state) !== metrics.weightsHash) {
      throw new UserError(`'${path(MODEL_FILE)}' is not as it was written`)
    }
    return { metrics, state, manifest, ...(best && { best: path(BEST_FILE) }) }
  } catch (error) {
    if (error instanceof UserError) throw error
    const reason = error instanceof SyntaxError ? 'they are not JSON' : reasonOf(error)
    throw new UserError(`the files in '${folder}' cannot be read: ${reason}`, {
      cause: error,
    })
  }
}

/** Undefined where there is none. */
async function readManifest(path: string): Promise<StageManifest | undefined> {
  let text
  try {
    text = String(await readRegular(path, { most: MOST_DONE_BYTES }))
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
  // Up to format 3 it had no JSON.
  const { value, isWhole } = text.startsWith('{')
    ? openSealed(text)
    : { value: { format: FORMAT, formatVersion: 3 }, isWhole: false }
  refuseOtherVersion(value, path, FORMAT, STAGE_FORMAT)
  if (isWhole && isManifest(value)) return value
  throw new UserError(`'${path}' is not as it was written`)
}

function isManifest(value: unknown): value is StageManifest & Record<string, unknown> {
  const names = [MODEL_FILE, BEST_FILE, METRICS_FILE]
  return hasFields(value, {
    format: (format) => format === FORMAT,
    formatVersion: (version) => version === STAGE_FORMAT,
    hash: isText,
    numerics: isText,
    reused: (reused) => typeof reused === 'boolean',
    files: (files) =>
      hasFields(files, { [MODEL_FILE]: isFileTold, [METRICS_FILE]: isFileTold }) &&
      Object.entries(files).every(([name, told]) => names.includes(name) && isFileTold(told)),
  })
}
