/**
 * The checkpoints of one training, in a folder of their own: the last two are kept, so that one is
 * always whole.
 */
import { UserError } from '@gradpool/core'
import {
  checkDiskSpace,
  codeOf,
  finalName,
  isMissing,
  makeDirectories,
  messageOf,
  readRegular,
  reasonOf,
  writeDurably,
  type FileTold,
} from '@gradpool/storage'
import { readdir, rm, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import {
  decodeRecord,
  decodeStates,
  encodeRecord,
  encodeStates,
  type Checkpoint,
  type CheckpointRecord,
} from './checkpoint.js'
import { RowsFile } from './rows-file.js'

const NUM_KEPT = 2

/** A record has the sums of the epoch in progress, and little else. */
const MAX_RECORD_BYTES = 2 ** 24

const ROWS_FILE = 'epochs.f64'
const RECORD = /^(\d+)\.json$/
const TENSORS = /^(best-)?\d+\.safetensors$/

/** Whether a {@link CheckpointStore} gives a file this name; all others in its directory are left alone. */
export function isCheckpointFile(name: string): boolean {
  const own = finalName(name) ?? name
  return own === ROWS_FILE || RECORD.test(own) || TENSORS.test(own)
}

/** What determines the result of the training that a checkpoint is of. */
export type CheckpointOf = Pick<Checkpoint, 'hash' | 'numerics'>

/** Where the checkpoints of one training lie. */
export interface Checkpoints {
  /** For people: a folder, or the address of a store. */
  readonly place: string
  /**
   * One call at a time.
   *
   * @throws what the place throws; checkpoints that were there before are whole then
   */
  save(checkpoint: Checkpoint): Promise<void>
  /**
   * The last checkpoint of this training that is whole; undefined where there is none.
   *
   * @param onDamaged Told in one sentence of each that had to be left aside.
   * @throws what the place throws where it cannot be read
   */
  latest(wanted: CheckpointOf, onDamaged: (message: string) => void): Promise<Checkpoint | undefined>
}

export interface SavedStep {
  readonly step: number
  /** Since 1970. */
  readonly seconds: number
}

export class CheckpointStore implements Checkpoints {
  readonly place: string
  /** The best that was written last. */
  #best: CheckpointRecord['best']
  readonly #rows: RowsFile

  constructor(folder: string) {
    this.place = folder
    this.#rows = new RowsFile(join(folder, ROWS_FILE))
  }

  /**
   * Writes a checkpoint, and then removes those that are too old. One call at a time.
   *
   * @throws what the file system throws; checkpoints that were there before are whole then
   */
  async save(checkpoint: Checkpoint): Promise<void> {
    const { states, best, epochs, ...rest } = checkpoint
    const { step } = rest.position
    const { bytes, told: tensors } = encodeStates(states, { hash: rest.hash, step: String(step) })
    await makeDirectories(this.place)
    await checkDiskSpace(this.place, bytes.length)
    // Before files whose names are made durable: its own is, too, then.
    const rows = await this.#rows.add(epochs)
    const bestFile = best && (await this.#saveBest(best, rest.hash))
    await writeDurably(join(this.place, `${step}.safetensors`), bytes)
    const record = { ...rest, epochs: rows, tensors, ...(bestFile && { best: bestFile }) }
    await writeDurably(join(this.place, `${step}.json`), encodeRecord(record))
    await this.#removeOld()
  }

  /** Only once for each epoch that is the best for a while. */
  async #saveBest(
    { epoch, states }: NonNullable<Checkpoint['best']>,
    hash: string,
  ): Promise<NonNullable<CheckpointRecord['best']>> {
    if (this.#best?.epoch === epoch) return this.#best
    const { bytes, told } = encodeStates(states, { hash, epoch: String(epoch) })
    await checkDiskSpace(this.place, bytes.length)
    await writeDurably(join(this.place, `best-${epoch}.safetensors`), bytes)
    this.#best = { epoch, ...told }
    return this.#best
  }

  /**
   * The last checkpoint of this training that is whole; undefined where there is none.
   *
   * @param onDamaged Told in one sentence of each that had to be left aside.
   */
  async latest(wanted: CheckpointOf, onDamaged: (message: string) => void): Promise<Checkpoint | undefined> {
    for (const step of descending(await this.#names(), RECORD)) {
      try {
        return await this.#load(join(this.place, String(step)), wanted)
      } catch (error) {
        onDamaged(`${messageOf(error)}; the checkpoint before it is taken`)
      }
    }
    return undefined
  }

  /** Steps of those that are there, and when each was written, the last first; by the names of files alone. */
  async saved(): Promise<readonly SavedStep[]> {
    const steps = descending(await this.#names(), RECORD).map(async (step) => {
      // It may have been removed meanwhile.
      const status = await stat(join(this.place, `${step}.json`)).catch(() => undefined)
      return status === undefined ? [] : [{ step, seconds: status.mtimeMs / 1000 }]
    })
    return (await Promise.all(steps)).flat()
  }

  /** Once the training is done, nothing is resumed from here. */
  async clear(): Promise<void> {
    for (const name of await this.#names()) await this.#remove(name)
    await rmdir(this.place).catch((error: unknown) => {
      if (!isMissing(error) && codeOf(error) !== 'ENOTEMPTY') throw error
    })
  }

  async #load(path: string, wanted: CheckpointOf): Promise<Checkpoint> {
    const text = String(await readRegular(`${path}.json`, { most: MAX_RECORD_BYTES }))
    const { tensors, best, epochs, ...rest } = decodeRecord(text, `'${path}.json'`)
    if (rest.hash !== wanted.hash || rest.numerics !== wanted.numerics) {
      throw new UserError(`'${path}.json' is of another training`)
    }
    const states = await readStates(`${path}.safetensors`, tensors)
    const bestStates = best && {
      epoch: best.epoch,
      states: await readStates(join(this.place, `best-${best.epoch}.safetensors`), best),
    }
    // Last: the next checkpoint adds to the rows that were read.
    const rows = await this.#rows.read(epochs)
    return { ...rest, epochs: rows, states, ...(bestStates && { best: bestStates }) }
  }

  /** The record goes first: tensors without one are no checkpoint. */
  async #removeOld(): Promise<void> {
    const names = await this.#names()
    const kept = descending(names, RECORD)
      .slice(0, NUM_KEPT)
      .map((step) => `${step}.`)
    // Those of two checkpoints are two at most, of the last epochs.
    const bests = descending(names, /^best-(\d+)\.safetensors$/).slice(0, NUM_KEPT)
    kept.push(...bests.map((epoch) => `best-${epoch}.`), ROWS_FILE)
    const old = names.filter((name) => !kept.some((prefix) => name.startsWith(prefix))).sort()
    for (const name of old) await this.#remove(name)
  }

  async #remove(name: string): Promise<void> {
    await rm(join(this.place, name), { recursive: true, force: true })
  }

  async #names(): Promise<string[]> {
    try {
      return (await readdir(this.place)).filter(isCheckpointFile)
    } catch (error) {
      if (isMissing(error)) return []
      throw error
    }
  }
}

/**
 * Writes the checkpoints of a training; one that cannot be written stops nothing.
 *
 * @param onWarning Told in one sentence the first time that writing fails, and when it works again.
 */
export function checkpointWriter(
  store: Checkpoints,
  title: string,
  onWarning: (message: string) => void,
): (checkpoint: Checkpoint) => Promise<void> {
  let fails = false
  return async (checkpoint) => {
    try {
      await store.save(checkpoint)
      if (fails) onWarning(`${title}checkpoints are written again`)
      fails = false
    } catch (error) {
      if (!fails) {
        onWarning(`${title}cannot write a checkpoint to '${store.place}': ${reasonOf(error)}; training goes on`)
      }
      fails = true
    }
  }
}

/** The numbers in these names, the last first. */
function descending(names: readonly string[], pattern: RegExp): number[] {
  const numbers = names.flatMap((name) => pattern.exec(name)?.[1] ?? []).map(Number)
  return numbers.sort((a, b) => b - a)
}

async function readStates(path: string, told: FileTold): Promise<Checkpoint['states']> {
  return decodeStates(told, await readRegular(path, { exactly: told.bytes }), `'${path}'`)
}
