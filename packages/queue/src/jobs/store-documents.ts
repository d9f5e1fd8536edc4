/** The documents of stages in a store: of what jobs start from, and of what they came to. */
import { UserError } from '@gradpool/core'
import { type Field, type Program, sizeOf, type StateValues } from '@gradpool/core/engine'
import { encodeSafetensors, type NamedArray } from '@gradpool/storage'
import type { Pass, TrainingPlan } from '@gradpool/trainer/plan'
import { type Blob, putBlob, putContent, readContent } from '../documents/content.js'
import { checkOutcome, decodeOutcome, type FinalOutcome } from '../documents/outcome-document.js'
import { encodePlan, encodeProgram } from '../documents/plan-document.js'
import { nameOf, readPointer } from '../documents/pointers.js'
import { type Content } from '../job.js'
import type { BlobStore } from '../store/blob-store.js'
import type { StageDocuments } from './stage-documents.js'

/** Rows that many jobs share are not in each of them. */
const MOST_INLINE_ROWS_BYTES = 256

/** Rows of epochs, and what else is told of a training. */
const MOST_TOLD_BYTES = 2 ** 26

export class StoreDocuments implements StageDocuments {
  readonly #store: BlobStore
  readonly #numerics: string
  /** What has been put, and said. */
  readonly #passes = new WeakMap<Pass, Promise<object>>()
  readonly #programs = new WeakMap<Program, Promise<Blob>>()
  readonly #fields = new WeakMap<Field, Promise<Blob>>()
  readonly #rows = new WeakMap<Int32Array, Promise<Content>>()

  constructor(store: BlobStore, numerics: string) {
    this.#store = store
    this.#numerics = numerics
  }

  async encodePlan(plan: TrainingPlan): Promise<Content> {
    const store = this.#store
    const bytes = await encodePlan(plan, {
      pass: (pass, make) => once(this.#passes, pass, make),
      program: (program) => once(this.#programs, program, () => putBlob(store, encodeProgram(program))),
      field: (field) => once(this.#fields, field, () => putBlob(store, bytesOf(field.values))),
      rows: (rows) => once(this.#rows, rows, () => putContent(store, bytesOf(rows), MOST_INLINE_ROWS_BYTES)),
    })
    return putContent(store, bytes)
  }

  encodeStates(states: StateValues): Promise<Content> {
    return putContent(this.#store, statesBytes(states))
  }

  async decodeOutcome(outcome: Content, plan: TrainingPlan): Promise<FinalOutcome> {
    const where = `the result of ${plan.name} in ${this.#store.address}`
    const bytes = await readContent(this.#store, outcome, mostOutcomeBytes(plan))
    const decoded = decodeOutcome(bytes, { stage: plan.hash, numerics: this.#numerics }, where)
    checkOutcome(decoded, plan, where)
    return decoded
  }

  async findResult(stage: string, numerics: string): Promise<Content | undefined> {
    return findResult(this.#store, { stage, numerics })
  }

  async dropResult(stage: string, numerics: string): Promise<void> {
    await this.#store.deleteName(nameOf('results', { stage, numerics }))
  }
}

/** Undefined where there is none, or its bytes are gone. */
export async function findResult(
  store: BlobStore,
  of: { readonly stage: string; readonly numerics: string },
): Promise<Content | undefined> {
  return findBlob(store, nameOf('results', of))
}

/** The result of a segment, by its name. Undefined as `findResult`. */
export async function findSegment(store: BlobStore, segment: string, numerics: string): Promise<Content | undefined> {
  return findBlob(store, nameOf('segments', { stage: segment, numerics }))
}

async function findBlob(store: BlobStore, name: string): Promise<Content | undefined> {
  const blob = await readPointer(store, name)
  return blob && (await store.has(blob.blob)) ? blob : undefined
}

/** The same bytes for the same states. */
export function statesBytes(states: StateValues): Uint8Array {
  const tensors = Object.entries(states).map(([name, values]): [string, NamedArray] => {
    return [name, { shape: [values.length], values }]
  })
  return encodeSafetensors({ tensors: new Map(tensors), metadata: {} })
}

/** The most that an outcome of a plan has. */
export function mostOutcomeBytes({ training, predictions }: TrainingPlan): number {
  const { states } = training.program.program
  const stateBytes = states.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0)
  return 2 * stateBytes + (predictions ? predictionBytes(predictions.program) : 0) + MOST_TOLD_BYTES
}

function predictionBytes({ program, numExamples, batchSize }: TrainingPlan['training']['program']): number {
  const rows = program.results.filter((result) => result.rows)
  const ofBatch = rows.reduce((sum, { node }) => sum + 4 * sizeOf(program.node(node).shape), 0)
  return (ofBatch / batchSize) * numExamples
}

/** Where several threads see them, a copy, which no store minds. */
function bytesOf({ buffer, byteOffset, byteLength }: Field['values']): Uint8Array {
  const bytes = new Uint8Array(buffer, byteOffset, byteLength)
  return buffer instanceof ArrayBuffer ? bytes : Uint8Array.from(bytes)
}

/** What could not be put is put again the next time. */
function once<K extends object, T>(made: WeakMap<K, Promise<T>>, key: K, make: () => Promise<T>): Promise<T> {
  const before = made.get(key)
  if (before) return before
  const making = make()
  made.set(key, making)
  making.catch(() => made.delete(key))
  return making
}

/** @throws UserError where a job starts from states that are not among these */
export function picked(states: StateValues, names: readonly string[], where: string): StateValues {
  const found: Record<string, Float32Array> = {}
  for (const name of names) {
    const values = states[name]
    if (values === undefined) throw new UserError(`${where} has no state '${name}'`)
    found[name] = values
  }
  return found
}
