/**
 * What a stage leaves behind once it is done, in a folder of its own:
 *
 *     weights.safetensors   all states at the end, the optimizer's included
 *     best.safetensors      the same after the best epoch, where that is another than the last
 *     metrics.json          every epoch, the test, the samples
 *     done                  written last: the stage is whole; empty where this run trained it
 */
import { UserError, type StateValues } from '@gradpool/core'
import {
  decodeSafetensors,
  encodeSafetensors,
  hasFields,
  isCount,
  isHash,
  isMissing,
  isText,
  makeDirectories,
  messageOf,
  type NamedArray,
  reasonOf,
  valuesOf,
  weightsHash,
  writeDurably,
} from '@gradpool/storage'
import type { EpochRow, Metrics } from '@gradpool/trainer'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { reviveRows } from './revive-rows.js'
import type { Sample, StageRef } from './run-result.js'

const METRICS_VERSION = 2

/** `metrics.json`. */
export interface StageMetrics {
  readonly formatVersion: typeof METRICS_VERSION
  readonly stage: StageRef
  /** Of the engine that trained it; see `Engine.numerics`. */
  readonly numerics: string
  /** Of Gradpool. */
  readonly version: string
  readonly seconds: number
  /** Metrics over the test examples; null where there is no test. */
  readonly test: Metrics | null
  /** SHA-256 of the final states; see `ExperimentResult`. */
  readonly weightsHash: string
  /** The same of the states after the first epoch, for `verifyRun`. */
  readonly firstEpoch: string
  /** After which epoch the states of `best.safetensors` are; only where there is such a file. */
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

export const STAGE_FILES = ['weights.safetensors', 'metrics.json', 'done'] as const
export const BEST_FILE = 'best.safetensors'

/** What `done` says of a stage that an earlier run trained. */
export const DONE_EARLIER = 'by an earlier run\n'

/** @throws UserError when a file cannot be written; `done` is not there then. */
export async function writeStageFiles(
  folder: string,
  told: Omit<StageMetrics, 'formatVersion'>,
  states: ReadonlyMap<string, NamedArray>,
  best: ReadonlyMap<string, NamedArray> | undefined,
): Promise<void> {
  const metrics: StageMetrics = { formatVersion: METRICS_VERSION, ...told }
  const { hash, name } = metrics.stage
  const [weightsFile, metricsFile, doneFile] = STAGE_FILES
  try {
    await makeDirectories(folder)
    const file = { tensors: states, metadata: { stage: hash, name } }
    await writeDurably(join(folder, weightsFile), encodeSafetensors(file))
    if (best !== undefined) {
      const metadata = { stage: hash, name, epoch: String(metrics.bestEpoch) }
      await writeDurably(join(folder, BEST_FILE), encodeSafetensors({ tensors: best, metadata }))
    }
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
 * @param onDamaged Told in one sentence of files that are not this stage's, or not as they were written; they are left aside.
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
export async function readDoneStage(
  folder: string,
  { hash, numerics }: StageId,
): Promise<DoneStage | undefined> {
  const [weightsFile, metricsFile, doneFile] = STAGE_FILES
  try {
    const isReused = (await readFile(join(folder, doneFile), 'utf8')) === DONE_EARLIER
    const metrics: unknown = JSON.parse(
      await readFile(join(folder, metricsFile), 'utf8'),
      reviveRows,
    )
    checkVersion(metrics, join(folder, metricsFile))
    if (!isMetrics(metrics)) throw new UserError(`'${join(folder, metricsFile)}' is damaged`)
    if (metrics.stage.hash !== hash || metrics.numerics !== numerics) {
      throw new UserError(`'${folder}' has the files of another stage`)
    }
    const where = join(folder, weightsFile)
    const state = valuesOf(decodeSafetensors(await readFile(where), `'${where}'`).tensors)
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

function checkVersion(value: unknown, path: string): void {
  if (!hasFields(value, { stage: (stage) => hasFields(stage, {}) })) return
  // Those of 0.1 had none.
  const { formatVersion = 1 } = value
  if (formatVersion === METRICS_VERSION) return
  throw new UserError(
    `'${path}' is of format version ${String(formatVersion)}, and this Gradpool reads ${METRICS_VERSION}`,
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
