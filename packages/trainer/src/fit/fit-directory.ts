/**
 * The folder of a training that can be resumed:
 *
 *     training.json         which training it is: the hash of all that determines its result, and
 *                           the engine's numerics
 *     checkpoints/          where it stands, while it trains
 *     weights.safetensors   all states at the end, the optimizer's included
 *     done.json             written last: which training it is, the history, and the size and hash of the weights
 */
import { UserError } from '@gradpool/core'
import { type Program, type StateValues } from '@gradpool/core/engine'
import {
  decodeSafetensors,
  encodeSafetensors,
  hasFields,
  isCount,
  isFileTold,
  isHash,
  isMissing,
  isText,
  makeDirectories,
  namedStates,
  openSealed,
  readRegular,
  readTold,
  reasonOf,
  sealJson,
  tellOf,
  valuesOf,
  writeDurably,
  type FileTold,
} from '@gradpool/storage'
import { constants } from 'node:buffer'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Checkpoint } from '../checkpoints/checkpoint.js'
import { CheckpointStore } from '../checkpoints/checkpoint-store.js'
import type { EpochRow } from '../metrics/epoch-row.js'
import type { EndEvent } from './fit-types.js'

const FORMAT = 'gradpool-training'
const FORMAT_VERSION = 2

/** What determines a training's result. */
export interface TrainingIdentity {
  readonly hash: string
  readonly numerics: string
}

/** How a training ended. */
export interface DoneTraining {
  readonly states: StateValues
  readonly history: readonly EpochRow[]
  readonly bestEpoch: number | undefined
  readonly seconds: number
  readonly reason: EndEvent<unknown>['reason']
}

export class FitDirectory {
  readonly checkpoints: CheckpointStore
  readonly #path: string
  readonly #identity: TrainingIdentity

  private constructor(path: string, identity: TrainingIdentity) {
    this.#path = path
    this.#identity = identity
    this.checkpoints = new CheckpointStore(join(path, 'checkpoints'))
  }

  /**
   * Makes the folder, or takes one that this training has begun.
   *
   * @throws UserError where it has another training in it, or cannot be read or written
   */
  static async open(path: string, identity: TrainingIdentity): Promise<FitDirectory> {
    const file = join(path, 'training.json')
    const text = await readText(file)
    if (text === undefined) {
      const about = { format: FORMAT, formatVersion: FORMAT_VERSION, ...identity }
      try {
        await makeDirectories(path)
        await writeDurably(file, sealJson(about))
      } catch (error) {
        throw new UserError(`directory: cannot write to '${path}': ${reasonOf(error)}`)
      }
      return new FitDirectory(path, identity)
    }
    const { value: found, isWhole } = parse(text)
    if (!hasFields(found, { format: (format) => format === FORMAT, hash: isHash, numerics: isText })) {
      throw new UserError(`directory: '${file}' is not what a training wrote; choose another folder`)
    }
    if (!hasFields(found, { formatVersion: (version) => version === FORMAT_VERSION })) {
      throw new UserError(`directory: '${path}' is of another version of Gradpool; choose another folder`)
    }
    if (!isWhole) throw new UserError(`directory: '${file}' is not as it was written; choose another folder`)
    if (found.numerics !== identity.numerics) {
      throw new UserError(
        `directory: '${path}' was begun on an engine of the numerics '${String(found.numerics)}', and this one has '${identity.numerics}'; choose another folder or engine`,
      )
    }
    if (found.hash !== identity.hash) {
      throw new UserError(
        `directory: '${path}' has another training in it (other data, model or options); choose another folder for this one`,
      )
    }
    return new FitDirectory(path, identity)
  }

  /** How it ended; undefined where it has not, or where files are damaged, which is told. */
  async done(onWarning: (message: string) => void): Promise<DoneTraining | undefined> {
    const file = join(this.#path, 'done.json')
    const path = join(this.#path, 'weights.safetensors')
    try {
      const text = await readText(file)
      if (text === undefined) return undefined
      const { value: record, isWhole } = parse(text)
      if (!isWhole || !isDone(record)) throw new UserError(`'${file}' is not as it was written`)
      const { training, numerics, weights, history, bestEpoch, seconds, reason } = record
      if (training !== this.#identity.hash || numerics !== this.#identity.numerics) {
        throw new UserError(`'${file}' is of another training`)
      }
      const states = valuesOf(decodeSafetensors(await readTold(path, weights), `'${path}'`).tensors)
      return { states, history: history.map(revived), bestEpoch, seconds, reason }
    } catch (error) {
      const what = error instanceof UserError ? error.message : `'${path}' cannot be read: ${reasonOf(error)}`
      onWarning(`${what}; the training is done again`)
      return undefined
    }
  }

  /** Where this training stands; see `CheckpointStore`. */
  latestCheckpoint(onDamaged: (message: string) => void): Promise<Checkpoint | undefined> {
    return this.checkpoints.latest(this.#identity, onDamaged)
  }

  /** @throws what the file system throws */
  async finish({ states, history, ...rest }: DoneTraining, program: Program): Promise<void> {
    const { hash, numerics } = this.#identity
    const bytes = encodeSafetensors({ tensors: namedStates(program, states), metadata: { training: hash } })
    const [weights, done] = [join(this.#path, 'weights.safetensors'), join(this.#path, 'done.json')]
    // Whatever is there, were it a folder.
    for (const path of [done, weights]) await rm(path, { recursive: true, force: true })
    await writeDurably(weights, bytes)
    const record = {
      format: FORMAT,
      formatVersion: FORMAT_VERSION,
      training: hash,
      numerics,
      ...rest,
      weights: tellOf(bytes),
      history: history.map(written),
    }
    await writeDurably(done, sealJson(record))
    await this.checkpoints.clear().catch(() => undefined)
  }
}

interface DoneRecord extends Omit<DoneTraining, 'states'> {
  readonly training: string
  readonly numerics: string
  readonly weights: FileTold
}

function isDone(value: unknown): value is DoneRecord {
  return hasFields(value, {
    formatVersion: (version) => version === FORMAT_VERSION,
    training: isHash,
    numerics: isText,
    weights: isFileTold,
    seconds: Number.isFinite,
    reason: isText,
    bestEpoch: (epoch) => epoch === undefined || isCount(epoch),
    history: (rows) => Array.isArray(rows) && rows.every((row) => hasFields(row, { epoch: isCount })),
  })
}

/** JSON has no NaN and no infinity: they are written as texts. */
function written(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(written)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, written(each)]))
  }
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
}

function revived<T>(value: T): T {
  if (Array.isArray(value)) return value.map(revived) as T
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, revived(each)])) as T
  }
  return (typeof value === 'string' ? Number(value) : value) as T
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return String(await readRegular(file, { most: constants.MAX_STRING_LENGTH }))
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
