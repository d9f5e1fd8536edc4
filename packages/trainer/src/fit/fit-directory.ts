/**
 * The folder of a training that can be resumed:
 *
 *     training.json   which training it is: the hash of all that determines its result, and the engine's numerics
 *     checkpoints/    where it stands; the last checkpoint of a training that is done has its result
 */
import { UserError } from '@gradpool/core'
import { stepsPerEpochOf, type StateValues } from '@gradpool/core/engine'
import {
  hasFields,
  isHash,
  isMissing,
  isText,
  makeDirectories,
  namedStates,
  openSealed,
  readRegular,
  reasonOf,
  sealJson,
  valuesOf,
  writeDurably,
} from '@gradpool/storage'
import { join } from 'node:path'
import type { Checkpoint } from '../checkpoints/checkpoint.js'
import { CheckpointStore, type CheckpointOf } from '../checkpoints/checkpoint-store.js'
import { EpochRows } from '../checkpoints/epoch-rows.js'
import type { EpochRow } from '../metrics/epoch-row.js'
import type { TrainingPlan } from '../plan/training-plan.js'

const FORMAT = 'gradpool-training'
const FORMAT_VERSION = 2
const MAX_RECORD_BYTES = 2 ** 16

/** How a training ended. */
export interface DoneTraining extends NonNullable<Checkpoint['end']> {
  readonly states: StateValues
  readonly history: readonly EpochRow[]
  readonly seconds: number
}

/**
 * The checkpoints in the folder of a training: one that is made for it, or that it has begun.
 *
 * @throws UserError where the folder has another training in it, or cannot be read or written
 */
export async function openFitDirectory(path: string, { hash, numerics }: CheckpointOf): Promise<CheckpointStore> {
  const file = join(path, 'training.json')
  const checkpoints = new CheckpointStore(join(path, 'checkpoints'))
  const text = await readText(file)
  if (text === undefined) {
    try {
      await makeDirectories(path)
      await writeDurably(file, sealJson({ format: FORMAT, formatVersion: FORMAT_VERSION, hash, numerics }))
    } catch (error) {
      throw new UserError(`directory: cannot write to '${path}': ${reasonOf(error)}`)
    }
    return checkpoints
  }
  const { value: found, isWhole } = parse(text)
  if (!hasFields(found, { format: (format) => format === FORMAT, hash: isHash, numerics: isText })) {
    throw new UserError(`directory: '${file}' is not what a training wrote; choose another folder`)
  }
  if (found.formatVersion !== FORMAT_VERSION) {
    throw new UserError(`directory: '${path}' is of another version of Gradpool; choose another folder`)
  }
  if (!isWhole) throw new UserError(`directory: '${file}' is not as it was written; choose another folder`)
  if (found.numerics !== numerics) {
    throw new UserError(
      `directory: '${path}' was begun on an engine of the numerics '${found.numerics}', and this one has '${numerics}'; choose another folder or engine`,
    )
  }
  if (found.hash !== hash) {
    throw new UserError(
      `directory: '${path}' has another training in it (other data, model or options); choose another folder for this one`,
    )
  }
  return checkpoints
}

/** How the training ended whose last checkpoint this is; undefined where it has not. */
export function doneIn(last: Checkpoint | undefined): DoneTraining | undefined {
  if (last?.end === undefined) return undefined
  return { ...last.end, states: valuesOf(last.states), history: [...last.epochs], seconds: last.seconds }
}

/** The last checkpoint of a training that has ended. */
export function lastCheckpoint(done: DoneTraining, plan: TrainingPlan, numerics: string): Checkpoint {
  const { states, history, seconds, reason, bestEpoch } = done
  const { program } = plan.training
  const epochs = new EpochRows()
  for (const row of history) epochs.push(row)
  const step = history.length * stepsPerEpochOf(program)
  return {
    hash: plan.hash,
    numerics,
    position: { step, since: step, sums: {}, rows: {}, lastLoss: NaN },
    epochs,
    seconds,
    states: namedStates(program.program, states),
    end: { reason, bestEpoch },
  }
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return String(await readRegular(file, { most: MAX_RECORD_BYTES }))
  } catch (error) {
    if (isMissing(error)) return undefined
    throw new UserError(`directory: cannot read '${file}': ${reasonOf(error)}`)
  }
}

function parse(text: string): ReturnType<typeof openSealed> {
  try {
    return openSealed(text)
  } catch {
    return { value: undefined, isWhole: false }
  }
}
