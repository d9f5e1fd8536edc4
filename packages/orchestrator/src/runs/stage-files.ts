/**
 * What a stage leaves behind once it is done, in a folder of its own:
 *
 *     model.gradpool   the saved model, with all states at the end, the optimizer's included
 *     best.gradpool    the same after the best epoch, where that is another than the last
 *     metrics.json     every epoch, the test, the samples
 *     done             written last: the stage is whole; empty where this run trained it
 */
import { UserError } from '@gradpool/core'
import { type StateValues } from '@gradpool/core/engine'
import { STAGE_FORMAT } from '@gradpool/experiments'
import {
  decodeSavedModel,
  hasFields,
  isCount,
  isHash,
  isMissing,
  isText,
  makeDirectories,
  messageOf,
  reasonOf,
  valuesOf,
  weightsHash,
  writeDurably,
} from '@gradpool/storage'
import type { EpochRow, Metrics } from '@gradpool/trainer'
import { lstat, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { reviveRows } from './revive-rows.js'
import type { Sample, StageRef } from './run-result.js'

/** `metrics.json`. */
export interface StageMetrics {
  readonly formatVersion: typeof STAGE_FORMAT
  readonly stage: StageRef
  /** Of the engine that trained it; see `Engine.numerics`. */
  readonly numerics: string
  /** Of the Gradpool that trained it, for people. */
  readonly version: string
  readonly seconds: number
  /** Metrics over the test examples; null where there is no test. */
  readonly test: Metrics | null
  /** SHA-256 of the final states; see `ExperimentResult`. */
  readonly weightsHash: string
  /** The same of the states after the first epoch, for `verifyRun`. */
  readonly firstEpoch: string
  /** After which epoch the states of `best.gradpool` are; only where there is such a file. */
  readonly bestEpoch?: number
  readonly epochs: readonly EpochRow[]
  readonly samples: readonly Sample[]
}

export interface DoneStage {
  readonly metrics: StageMetrics
  readonly state: StateValues
  /** Trained by an earlier run. */
  readonly isReused: boolean
}

export const STAGE_FILES = ['model.gradpool', 'metrics.json', 'done'] as const
export const BEST_FILE = 'best.gradpool'

/** What `done` says of a stage that an earlier run trained. */
export const DONE_EARLIER = 'by an earlier run\n'

/** @throws UserError when a file cannot be written; `done` is not there then. */
export async function writeStageFiles(
  folder: string,
  told: Omit<StageMetrics, 'formatVersion'>,
  model: Uint8Array,
  best: Uint8Array | undefined,
): Promise<void> {
  const metrics: StageMetrics = { formatVersion: STAGE_FORMAT, ...told }
  const [modelFile, metricsFile, doneFile] = STAGE_FILES
  try {
    await makeDirectories(folder)
    await writeDurably(join(folder, modelFile), model)
    if (best !== undefined) await writeDurably(join(folder, BEST_FILE), best)
    await writeDurably(join(folder, metricsFile), `${JSON.stringify(metrics, null, 2)}\n`)
    await writeDurably(join(folder, doneFile), '')
  } catch (error) {
    throw new UserError(`cannot write its files to '${folder}': ${reasonOf(error)}`, {
      cause: error,
    })
  }
}

/** What determines the bits of a stage, whichever version of this package trained it. */
export interface StageId {
  /** It has the Programs, and the version of what they mean. */
  readonly hash: string
  /** See `Engine.numerics`. */
  readonly numerics: string
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
export async function readDoneStage(folder: string, { hash, numerics }: StageId): Promise<DoneStage | undefined> {
  const [modelFile, metricsFile, doneFile] = STAGE_FILES
  const [where, told] = [join(folder, modelFile), join(folder, metricsFile)]
  try {
    const isReused = String(await readRegular(join(folder, doneFile))) === DONE_EARLIER
    const metrics: unknown = JSON.parse(String(await readRegular(told)), reviveRows)
    checkVersion(metrics, told)
    if (!isMetrics(metrics)) throw new UserError(`'${told}' is damaged`)
    if (metrics.stage.hash !== hash || metrics.numerics !== numerics) {
      throw new UserError(`'${folder}' has the files of another stage`)
    }
    const state = valuesOf(decodeSavedModel(await readRegular(where), `'${where}'`).states)
    if (weightsHash(state) !== metrics.weightsHash) {
      throw new UserError(`'${where}' is not as it was written`)
    }
    return { metrics, state, isReused }
  } catch (error) {
    if (isMissing(error)) return undefined
    if (error instanceof UserError) throw error
    throw new UserError(`the files in '${folder}' cannot be read: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

/** A pipe in the place of a file would never end. */
async function readRegular(path: string): Promise<Buffer> {
  if ((await lstat(path)).isFile()) return readFile(path)
  throw new UserError(`'${path}' is no regular file`)
}

function checkVersion(value: unknown, path: string): void {
  if (!hasFields(value, { stage: (stage) => hasFields(stage, {}) })) return
  // Those of 0.1 had none.
  const { formatVersion = 1 } = value
  if (formatVersion === STAGE_FORMAT) return
  throw new UserError(
    `'${path}' is of format version ${String(formatVersion)}, and this Gradpool reads ${STAGE_FORMAT}`,
  )
}

function isMetrics(value: unknown): value is StageMetrics & Record<string, unknown> {
  return hasFields(value, {
    stage: (stage) => hasFields(stage, { hash: isText, name: isText }),
    numerics: isText,
    version: isText,
    seconds: Number.isFinite,
    test: (test) => test === null || hasFields(test, {}),
    weightsHash: isHash,
    firstEpoch: isHash,
    bestEpoch: (epoch) => epoch === undefined || isCount(epoch),
    epochs: Array.isArray,
    samples: Array.isArray,
  })
}
