/**
 * The folder of a training that can be resumed:
 *
 *     training.json         which training it is: the hash of all that determines its result, and
 *                           the engine's numerics
 *     checkpoints/          where it stands, while it trains
 *     weights.safetensors   all states at the end, the optimizer's included
 *     done.json             written last: the history, and the size and hash of the weights
 */
import { UserError } from '@gradpool/core'
import { type Program, type StateValues } from '@gradpool/core/engine'
import {
  decodeSafetensors,
  encodeSafetensors,
  hasFields,
  isCount,
  isHash,
  isMissing,
  isText,
  makeDirectories,
  namedStates,
  reasonOf,
  valuesOf,
  writeDurably,
} from '@gradpool/storage'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CheckpointStore } from '../checkpoints/checkpoint-store.js'
import type { EpochRow } from '../metrics/epoch-row.js'
import type { EndEvent } from './fit-types.js'

const FORMAT = 'gradpool-training'
const FORMAT_VERSION = 1

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
        await writeDurably(file, `${JSON.stringify(about, null, 2)}\n`)
      } catch (error) {
        throw new UserError(`directory: cannot write to '${path}': ${reasonOf(error)}`)
      }
      return new FitDirectory(path, identity)
    }
    const found = parse(text)
    if (!hasFields(found, { format: (format) => format === FORMAT, hash: isHash, numerics: isText })) {
      throw new UserError(`directory: '${file}' is not what a training wrote; choose another folder`)
    }
    if (!hasFields(found, { formatVersion: (version) => version === FORMAT_VERSION })) {
      throw new UserError(`directory: '${path}' is of another version of Gradpool; choose another folder`)
    }
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
    const text = await readText(file)
    if (text === undefined) return undefined
    const record = parse(text)
    if (!isDone(record)) {
      onWarning(`'${file}' is not as it was written; the training is done again`)
      return undefined
    }
    const weights = join(this.#path, 'weights.safetensors')
    const bytes = await readFile(weights).catch(() => new Uint8Array())
    if (sha256(bytes) !== record.sha256) {
      onWarning(`'${weights}' is not as it was written; the training is done again`)
      return undefined
    }
    const { history, bestEpoch, seconds, reason } = record
    const states = valuesOf(decodeSafetensors(bytes, `'${weights}'`).tensors)
    return { states, history: history.map(revived), bestEpoch, seconds, reason }
  }

  /** @throws what the file system throws */
  async finish({ states, history, ...rest }: DoneTraining, program: Program): Promise<void> {
    const metadata = { training: this.#identity.hash }
    const bytes = encodeSafetensors({ tensors: namedStates(program, states), metadata })
    await writeDurably(join(this.#path, 'weights.safetensors'), bytes)
    const record = {
      format: FORMAT,
      formatVersion: FORMAT_VERSION,
      ...rest,
      sha256: sha256(bytes),
      history,
    }
    const text = JSON.stringify(record, (_, value: unknown) => written(value), 2)
    await writeDurably(join(this.#path, 'done.json'), `${text}\n`)
    await this.checkpoints.clear().catch(() => undefined)
  }
}

interface DoneRecord extends Omit<DoneTraining, 'states'> {
  readonly sha256: string
}

function isDone(value: unknown): value is DoneRecord {
  return hasFields(value, {
    formatVersion: (version) => version === FORMAT_VERSION,
    sha256: isHash,
    seconds: Number.isFinite,
    reason: isText,
    bestEpoch: (epoch) => epoch === undefined || isCount(epoch),
    history: (rows) => Array.isArray(rows) && rows.every((row) => hasFields(row, { epoch: isCount })),
  })
}

/** JSON has no NaN and no infinity: they are written as texts. */
function written(value: unknown): unknown {
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
    return await readFile(file, 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw new UserError(`directory: cannot read '${file}': ${reasonOf(error)}`)
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}
