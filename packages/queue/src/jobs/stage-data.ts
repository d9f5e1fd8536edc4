/**
 * What plans of jobs name by hash: Programs, rows, and values of fields, which lie in the engine's memory. Jobs share
 * them.
 */
import { UserError } from '@gradpool/core'
import { type Engine, type Field, type Program, sizeOf } from '@gradpool/core/engine'
import type { TrainingPlan } from '@gradpool/trainer/plan'
import process from 'node:process'
import { type Blob, readContent } from '../documents/content.js'
import {
  decodeProgram,
  type FieldDocument,
  passesOf,
  planOf,
  type PlanDocument,
  type RowsDocument,
  rowsFrom,
} from '../documents/plan-document.js'
import type { BlobStore } from '../store/blob-store.js'
import { HeldValues } from './held-values.js'

export interface StageDataOptions {
  readonly engine: Pick<Engine, 'allocate' | 'free'>
  /** Of data that are kept in the engine's memory for later jobs. */
  readonly mostBytes: number
}

/** Of Programs, as JSON, and of rows that are kept. */
const MOST_SMALL_BYTES = 2 ** 28
const MOST_ROWS_BYTES = 2 ** 33

export interface LoadedPlan {
  readonly plan: TrainingPlan
  /** Once, when nothing reads it any more. */
  readonly release: () => void
}

export class StageData {
  readonly #engine: StageDataOptions['engine']
  readonly #values: HeldValues<Uint8Array>
  readonly #programs = new HeldValues<Program>({ mostBytes: MOST_SMALL_BYTES })
  readonly #rows = new HeldValues<Int32Array>({ mostBytes: MOST_SMALL_BYTES })

  constructor({ engine, mostBytes }: StageDataOptions) {
    this.#engine = engine
    const { free } = engine
    this.#values = new HeldValues({ mostBytes, ...(free && { free: (memory: Uint8Array) => free(memory) }) })
  }

  /**
   * @throws UserError with one sentence for blobs that are missing, damaged or of another kind, or data that do not fit
   *   into memory
   */
  async load(document: PlanDocument, store: BlobStore, where: string): Promise<LoadedPlan> {
    const releases: (() => void)[] = []
    const release = () => {
      for (const each of releases.splice(0)) each()
    }
    const held = async <T>(values: HeldValues<T>, { blob, bytes }: Blob, load: () => T | Promise<T>): Promise<T> => {
      const value = await values.take(blob, bytes, load)
      releases.push(() => values.give(blob))
      return value
    }
    const programs = new Map<string, Program>()
    const memories = new Map<string, Uint8Array>()
    const rows = new Map<string, Int32Array>()
    const rowsIn = async (blob: Blob) => toRows(await readContent(store, blob, MOST_ROWS_BYTES), where)
    const bytesIn = (blob: Blob) => readContent(store, blob, blob.bytes)
    try {
      const all = passesOf(document).map(([, pass]) => pass)
      for (const { batches, tail } of all) {
        for (const blob of [batches.program, ...(tail ? [tail] : [])]) {
          const load = async () => decodeProgram(await bytesIn(blob), `the Program ${blob.blob}`)
          programs.set(blob.blob, await held(this.#programs, blob, load))
        }
      }
      for (const { rows: its, ...pass } of all) {
        const blob = rowsBlob(its)
        if (blob)
          rows.set(blob.blob, await held(this.#rows, blob, () => ('count' in its ? rowsFrom(its) : rowsIn(blob))))
        for (const field of Object.values(pass.fields)) {
          memories.set(field.blob, await held(this.#values, field, () => this.#loadValues(field, store)))
        }
      }
      const found = {
        program: ({ blob }: Blob) => there(programs.get(blob)),
        rows: (its: RowsDocument) =>
          'inline' in its
            ? toRows(Buffer.from(its.inline, 'base64'), where)
            : there(rows.get(rowsBlob(its)?.blob ?? '')),
        values: (field: FieldDocument) => valuesIn(field, there(memories.get(field.blob))),
      }
      return { plan: planOf(document, found, where), release }
    } catch (error) {
      release()
      throw error
    }
  }

  /** Gives all memory back that no job holds. */
  close(): void {
    this.#values.makeRoom()
    this.#programs.makeRoom()
    this.#rows.makeRoom()
  }

  async #loadValues({ blob, bytes }: FieldDocument, store: BlobStore): Promise<Uint8Array> {
    const available = process.availableMemory()
    // Once as they come, once where they stay.
    if (2 * bytes > available) {
      throw new OutOfRoom(`the data ${blob} have ${megabytes(bytes)}, and ${megabytes(available)} are available`)
    }
    const memory = this.#allocate(bytes)
    try {
      memory.set(await readContent(store, { blob, bytes }, bytes))
      return memory
    } catch (error) {
      this.#engine.free?.(memory)
      throw error
    }
  }

  /** What no job holds goes where it is in the way. */
  #allocate(bytes: number): Uint8Array {
    try {
      return this.#engine.allocate(bytes)
    } catch (error) {
      this.#values.makeRoom()
      try {
        return this.#engine.allocate(bytes)
      } catch {
        throw new OutOfRoom(error instanceof Error ? error.message : String(error))
      }
    }
  }
}

/** Another machine may have the room, or this one later. */
export class OutOfRoom extends Error {}

/** By what rows are kept that are not in the document; no blob has the name of those that follow one another. */
function rowsBlob(rows: RowsDocument): Blob | undefined {
  if ('count' in rows) return { blob: `${rows.from} and ${rows.count - 1} more`, bytes: 4 * rows.count }
  return 'blob' in rows ? rows : undefined
}

function valuesIn({ dtype, shape }: FieldDocument, memory: Uint8Array): Field['values'] {
  const { buffer, byteOffset, byteLength } = memory
  if (dtype === 'u8') return new Uint8Array(buffer, byteOffset, byteLength)
  const count = sizeOf(shape) * (byteLength / (4 * sizeOf(shape)))
  return dtype === 'f32' ? new Float32Array(buffer, byteOffset, count) : new Int32Array(buffer, byteOffset, count)
}

function toRows(bytes: Uint8Array, where: string): Int32Array {
  if (bytes.length % 4 !== 0) throw new UserError(`${where} has rows that are no whole numbers`)
  return new Int32Array(Uint8Array.from(bytes).buffer)
}

function there<T>(value: T | undefined): T {
  if (value === undefined) throw new UserError('a plan names what it does not have')
  return value
}

function megabytes(numBytes: number): string {
  return `${(numBytes / 1e6).toFixed(0)} MB`
}
