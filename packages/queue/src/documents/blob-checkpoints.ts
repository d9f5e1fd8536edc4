/**
 * The checkpoint of a training in a store: `checkpoints/<numerics>/<stage>` names the record, and the record its states
 * and rows by their hashes, as on disk it names files. Blobs come first, then the name, and only then does what the
 * name told of before go.
 */
import { UserError } from '@gradpool/core'
import { messageOf } from '@gradpool/storage'
import {
  type Checkpoint,
  type CheckpointRecord,
  type Checkpoints,
  decodeRecord,
  decodeStates,
  encodeRecord,
  encodeStates,
  EpochRows,
  rowBytes,
} from '@gradpool/trainer'
import type { BlobStore } from '../store/blob-store.js'
import { type Blob, putBlob, readContent } from './content.js'
import { nameOf, readPointer, writePointer } from './pointers.js'

/** A record has the sums of the epoch in progress, and little else. */
const MOST_RECORD_BYTES = 2 ** 24

/** A record, with where it lies. */
interface Saved {
  readonly record: CheckpointRecord
  readonly blob: Blob
}

export class BlobCheckpoints implements Checkpoints {
  readonly place: string
  readonly #store: BlobStore
  readonly #mostBytes: number
  readonly #name: string
  /** What the name tells of, as far as known here. */
  #last: Saved | undefined

  /** @param mostBytes of the states of a checkpoint; more are not read */
  constructor(store: BlobStore, of: { readonly stage: string; readonly numerics: string }, mostBytes: number) {
    this.place = store.address
    this.#store = store
    this.#mostBytes = mostBytes
    this.#name = nameOf('checkpoints', of)
  }

  async save(checkpoint: Checkpoint): Promise<void> {
    const { states, best, epochs, ...rest } = checkpoint
    const { hash, position } = rest
    const tensors = encodeStates(states, { hash, step: String(position.step) })
    await this.#store.put(tensors.bytes)
    const bytes = epochs.bytesFrom(0)
    const rows = { count: epochs.length, columns: epochs.columns, sha256: await this.#store.put(bytes) }
    const bestFile = best && (await this.#putBest(best, hash))
    const record = { ...rest, epochs: rows, tensors: tensors.told, ...(bestFile && { best: bestFile }) }
    const blob = await putBlob(this.#store, new TextEncoder().encode(encodeRecord(record)))
    await writePointer(this.#store, this.#name, blob)
    const before = this.#last
    this.#last = { record, blob }
    if (before) await this.#delete(before, new Set(hashesOf(this.#last)))
  }

  /** Only once for each epoch that is the best for a while. */
  async #putBest(
    { epoch, states }: NonNullable<Checkpoint['best']>,
    hash: string,
  ): Promise<NonNullable<CheckpointRecord['best']>> {
    const before = this.#last?.record.best
    if (before?.epoch === epoch) return before
    const { bytes, told } = encodeStates(states, { hash, epoch: String(epoch) })
    await this.#store.put(bytes)
    return { epoch, ...told }
  }

  async latest(
    wanted: Pick<Checkpoint, 'hash' | 'numerics'>,
    onDamaged: (message: string) => void,
  ): Promise<Checkpoint | undefined> {
    const blob = await readPointer(this.#store, this.#name)
    if (blob === undefined) return undefined
    try {
      return await this.#load(blob, wanted)
    } catch (error) {
      // One that cannot be read now is not one that is damaged.
      await this.#store.has(blob.blob)
      onDamaged(`${messageOf(error)}; it is trained from its beginning`)
      return undefined
    }
  }

  async #load(blob: Blob, wanted: Pick<Checkpoint, 'hash' | 'numerics'>): Promise<Checkpoint> {
    const where = `the checkpoint ${blob.blob} in ${this.place}`
    const text = Buffer.from(await readContent(this.#store, blob, MOST_RECORD_BYTES)).toString()
    const record = decodeRecord(text, where)
    const { tensors, best, epochs, ...rest } = record
    if (rest.hash !== wanted.hash || rest.numerics !== wanted.numerics) {
      throw new UserError(`${where} is of another training`)
    }
    const statesOf = async (told: { readonly bytes: number; readonly sha256: string }) => {
      const content = { blob: told.sha256, bytes: told.bytes }
      return decodeStates(told, await readContent(this.#store, content, this.#mostBytes), where)
    }
    const states = await statesOf(tensors)
    const bestStates = best && { epoch: best.epoch, states: await statesOf(best) }
    const bytes = epochs.count * rowBytes(epochs.columns)
    const rows = await readContent(this.#store, { blob: epochs.sha256, bytes }, this.#mostBytes)
    this.#last = { record, blob }
    return { ...rest, epochs: new EpochRows(epochs.columns, rows), states, ...(bestStates && { best: bestStates }) }
  }

  /** Once the training is done, nothing is resumed from here. What cannot be deleted stays. */
  async clear(): Promise<void> {
    if (this.#last === undefined) return
    const last = this.#last
    this.#last = undefined
    await this.#store.deleteName(this.#name).catch(() => undefined)
    await this.#delete(last)
  }

  async #delete(saved: Saved, except: ReadonlySet<string> = new Set()): Promise<void> {
    for (const hash of hashesOf(saved)) {
      if (!except.has(hash)) await this.#store.delete(hash).catch(() => undefined)
    }
  }
}

function hashesOf({ record: { tensors, best, epochs }, blob }: Saved): string[] {
  return [blob.blob, tensors.sha256, epochs.sha256, ...(best ? [best.sha256] : [])]
}
