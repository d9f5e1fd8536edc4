/**
 * The checkpoints of one stage, in a folder of their own: the last two are kept, so that one is always whole.
 */
import { UserError } from '@gradpool/core'
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import {
  decodeCheckpoint,
  decodeCheckpointRecord,
  encodeCheckpoint,
  type Checkpoint,
} from './checkpoint.js'
import { makeDirectories, writeDurably } from './durable-file.js'
import { isMissing } from './file-errors.js'
import { messageOf } from './stage-errors.js'

const NUM_KEPT = 2

/** A record of 10^6 epochs is below this. */
const MAX_RECORD_BYTES = 2 ** 28

export class CheckpointStore {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  /**
   * Writes a checkpoint, and then removes those that are too old. One call at a time.
   *
   * @throws what the file system throws; checkpoints that were there before are whole then
   */
  async save(checkpoint: Checkpoint): Promise<void> {
    const { tensors, record } = encodeCheckpoint(checkpoint)
    const path = join(this.folder, String(checkpoint.position.step))
    await makeDirectories(this.folder)
    await writeDurably(`${path}.safetensors`, tensors)
    await writeDurably(`${path}.json`, record)
    await this.#removeAllBut((await this.#steps()).slice(0, NUM_KEPT))
  }

  /**
   * The last checkpoint that is whole; undefined where there is none.
   *
   * @param onDamaged Told in one sentence of each that had to be left aside.
   */
  async latest(onDamaged: (message: string) => void): Promise<Checkpoint | undefined> {
    for (const step of await this.#steps()) {
      try {
        return await this.#load(join(this.folder, String(step)))
      } catch (error) {
        onDamaged(`${messageOf(error)}; the checkpoint before it is taken`)
      }
    }
    return undefined
  }

  /** Once the stage is done, nothing goes on from here. */
  async clear(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }

  async #load(path: string): Promise<Checkpoint> {
    const where = `'${path}.json'`
    const { size } = await stat(`${path}.json`)
    if (size > MAX_RECORD_BYTES) throw new UserError(`${where} is not a checkpoint: it is too long`)
    const record = decodeCheckpointRecord(await readFile(`${path}.json`, 'utf8'), where)
    const tensors = `${path}.safetensors`
    if ((await stat(tensors)).size !== record.tensors.bytes) {
      throw new UserError(`'${tensors}' is not as it was written`)
    }
    return decodeCheckpoint(record, await readFile(tensors), `'${tensors}'`)
  }

  /** Of the checkpoints there are, the last one first. */
  async #steps(): Promise<number[]> {
    const steps = (await this.#names()).flatMap((name) => /^(\d+)\.json$/.exec(name)?.[1] ?? [])
    return steps.map(Number).sort((a, b) => b - a)
  }

  /** The record goes first: tensors without one are no checkpoint. */
  async #removeAllBut(steps: readonly number[]): Promise<void> {
    const isKept = (name: string) => steps.some((step) => name.startsWith(`${step}.`))
    const old = (await this.#names()).filter((name) => !isKept(name)).sort()
    for (const name of old) await rm(join(this.folder, name), { force: true })
  }

  async #names(): Promise<string[]> {
    try {
      return await readdir(this.folder)
    } catch (error) {
      if (isMissing(error)) return []
      throw error
    }
  }
}
