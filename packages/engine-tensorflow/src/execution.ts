/** A BatchProgram compiled for a split: a SavedModel in a folder of its own, and what its chunks share. */
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
import { releaseModels } from './loaded-model.js'
import { lowerBatchProgram } from './lowering/saved-model.js'
import type { FieldFile } from './lowering/step-inputs.js'
import { Variables } from './lowering/variables.js'
import { abandonBarrier, resetBarrier } from './sharing/barrier.js'
import { cutBatch } from './sharing/cut-batch.js'
import { createSharing } from './sharing/sharing.js'

/** What executions of one engine have in common. */
export interface Host {
  /** A new, empty folder for a model. */
  takeFolder(): string
  /** Removes a folder with its contents. */
  giveFolder(folder: string): void
  /** A file with a field's values, kept until its users release it. */
  place(field: Field, user: object): FieldFile
  release(user: object): void
  /** A worker that waits longer than this for the others abandons the chunk. */
  readonly barrierTimeoutMs: number
}

/** Several workers can run a chunk together only in a training with micro-batches: each takes some of them. */
export class TensorFlowBackend implements Backend {
  readonly workers: number
  readonly record: SharedRecord
  readonly #host: Host
  readonly #folder: string
  readonly #task: Omit<TensorFlowChunkTask, 'steps' | 'member'>
  #isRunning = false

  /** @throws UserError for an op that cannot be lowered */
  constructor(host: Host, program: BatchProgram, options: CompileOptions, states: SharedStates) {
    this.#host = host
    this.#folder = host.takeFolder()
    const cuts = cutBatch(program)
    const variables = new Variables(program, cuts)
    const sharing = createSharing(cuts, variables, host.barrierTimeoutMs)
    this.workers = sharing === undefined ? 1 : (options.workers ?? 1)
    // A loop returns the last values of scalars only.
    this.record = SharedRecord.create(program, (size) => size === 1)
    let signatures: readonly string[]
    try {
      const field = (name: string): FieldFile => {
        const values = options.data.fields[name]
        invariant(values, `field ${name} was checked`)
        return host.place(values, this)
      }
      const model = lowerBatchProgram(program, { seed: options.seed, field, cuts, variables })
      writeFileSync(join(this.#folder, 'saved_model.pb'), model.bytes)
      signatures = model.signatures
    } catch (error) {
      this.dispose()
      throw error
    }
    const { tail, batchSize, numExamples, shuffle } = program
    // In shared memory, so that tasks do not copy them.
    const rows = new Int32Array(new SharedArrayBuffer(4 * options.data.rows.length))
    rows.set(options.data.rows)
    this.#task = {
      model: this.#folder,
      signatures,
      record: this.record.data,
      states: states.data,
      variables: variables.states,
      trains: program.program.updates.length > 0,
      rows,
      shuffle,
      seed: options.seed,
      batches: { batchSize, numExamples, tail: tail && true },
      results: variables.results,
      sharing,
    }
  }

  tasks(steps: number, workers: number): TensorFlowChunkTask[] {
    const { sharing } = this.#task
    if (sharing) resetBarrier(sharing.barrier)
    return Array.from({ length: workers }, (_, worker) => ({ ...this.#task, steps, member: { worker, workers } }))
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
    if (sharing) abandonBarrier(sharing.barrier)
  }

  /** Workers free their sessions of it when they run another chunk. */
  dispose(): void {
    this.record.dispose()
    this.#host.release(this)
    this.#host.giveFolder(this.#folder)
    if (!this.#isRunning) releaseModels()
  }
}
