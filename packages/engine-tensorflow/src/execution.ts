/**
 * A BatchProgram compiled over a split: a SavedModel in a folder of its own, and what its chunks
 * share.
 */
import { UserError } from '@gradpool/core'
import {
  invariant,
  SharedRecord,
  type Backend,
  type BatchProgram,
  type ChunkStatus,
  type CompileOptions,
  type Field,
  type SharedStates,
} from '@gradpool/core/engine'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runSlices } from './chunk.js'
import type { TensorFlowChunkTask } from './chunk-task.js'
import { releaseModels } from './held-models.js'
import { lowerBatchProgram } from './lowering/saved-model.js'
import type { FieldFile } from './lowering/step-inputs.js'
import { resultsOf, Variables } from './lowering/variables.js'
import type { ModelFolders } from './model-folders.js'
import { Barrier } from './sharing/barrier.js'
import { cutBatch, type CutBatch } from './sharing/cut-batch.js'
import { createSharing } from './sharing/sharing.js'

/** What executions of one engine have in common. */
export interface Host {
  readonly folders: ModelFolders
  /** A file with a field's values; each call is undone by one of `release`. */
  place(field: Field): FieldFile
  release(field: Field): void
  /** A worker that waits longer than this for the others abandons the chunk. */
  readonly barrierTimeoutMs: number
}

/** Workers can share the steps of a training with micro-batches only: each takes some of them. */
export class TensorFlowBackend implements Backend {
  readonly workers: number
  readonly record: SharedRecord
  readonly #host: Host
  readonly #fields: Field[] = []
  readonly #folder: string
  readonly #task: Omit<TensorFlowChunkTask, 'steps' | 'member'>
  #isRunning = false

  /** @throws UserError for an op that cannot be lowered */
  constructor(host: Host, program: BatchProgram, options: CompileOptions, states: SharedStates) {
    this.#host = host
    this.#folder = host.folders.take()
    const cuts = cutBatch(program)
    const variables = new Variables(program, cuts)
    const sharing = createSharing(cuts, variables, host.barrierTimeoutMs)
    this.workers = sharing === undefined ? 1 : (options.workers ?? 1)
    // A loop tells the last values of scalars only.
    this.record = SharedRecord.create(program, (size) => size === 1)
    let signatures: readonly string[]
    try {
      signatures = this.#writeModel(program, options, cuts)
    } catch (error) {
      this.dispose()
      throw error
    }
    const { tail, batchSize, numExamples, shuffle } = program
    // Shared, so that a task carries none of them.
    const rows = new Int32Array(new SharedArrayBuffer(4 * options.data.rows.length))
    rows.set(options.data.rows)
    this.#task = {
      model: this.#folder,
      signatures,
      record: this.record.data,
      states: states.data,
      variables: variables.states.map(({ name, state, shape }) => ({ name, state, shape })),
      trains: program.program.updates.length > 0,
      rows,
      shuffle,
      seed: options.seed,
      batches: { batchSize, numExamples, tail: tail && true },
      results: resultsOf(program),
      sharing,
    }
  }

  tasks(steps: number, workers: number): TensorFlowChunkTask[] {
    const { sharing } = this.#task
    if (sharing) Barrier.reset(sharing.barrier)
    return Array.from({ length: workers }, (_, worker) => {
      return { ...this.#task, steps, member: { worker, workers } }
    })
  }

  async *slices(steps: number): AsyncGenerator<undefined, ChunkStatus> {
    const [task] = this.tasks(steps, 1)
    invariant(task, 'a chunk has a task')
    this.#isRunning = true
    try {
      return yield* runSlices(task)
    } finally {
      this.#isRunning = false
    }
  }

  abandon(): void {
    this.record.stopped = true
    const { sharing } = this.#task
    if (sharing) Barrier.abandon(sharing.barrier)
  }

  /** Workers free what they hold of it when they run another chunk. */
  dispose(): void {
    this.record.dispose()
    for (const field of this.#fields) this.#host.release(field)
    this.#host.folders.give(this.#folder)
    if (!this.#isRunning) releaseModels()
  }

  /** @returns the names of its signatures */
  #writeModel(program: BatchProgram, { data, seed }: CompileOptions, cuts: CutBatch) {
    const files = new Map<string, FieldFile>()
    const field = (name: string): FieldFile => {
      const known = files.get(name)
      if (known !== undefined) return known
      const values = data.fields[name]
      if (values === undefined) throw new UserError(`the data has no field "${name}"`)
      const file = this.#host.place(values)
      this.#fields.push(values)
      files.set(name, file)
      return file
    }
    const { bytes, signatures } = lowerBatchProgram(program, { seed, field, cuts })
    writeFileSync(join(this.#folder, 'saved_model.pb'), bytes)
    return signatures
  }
}
