/**
 * What a worker is sent, and how it records what the steps of a chunk tell.
 */
import {
  examplesBefore,
  passSizeOf,
  placesOf,
  shuffled,
  type Batches,
  type SharedRecord,
  type SharedRecordData,
  type SharedStatesData,
} from '@gradpool/core/engine'
import type { LoadedModel, LoopStatus } from './loaded-model.js'
import type { ResultVariable } from './lowering/variables.js'
import type { Membership, Sharing } from './sharing/sharing.js'

/** Structured-cloneable; buffers are shared, not copied. */
export interface TensorFlowChunkTask {
  /** The folder of the SavedModel, which is the name of the execution too. */
  readonly model: string
  readonly signatures: readonly string[]
  readonly record: SharedRecordData
  readonly states: SharedStatesData
  /** The states that are variables of the model, in their order. */
  readonly variables: readonly {
    readonly name: string
    readonly state: string
    readonly shape: readonly number[]
  }[]
  /** Whether a step changes states. */
  readonly trains: boolean
  readonly rows: Int32Array
  readonly shuffle: boolean
  readonly seed: number
  readonly batches: Batches
  readonly results: readonly ResultVariable[]
  readonly steps: number
  /** Where the step is cut into micro-batches. */
  readonly sharing: Sharing | undefined
  readonly member: Membership
}

/** The rows in the order of an epoch. */
export function orderOf({ rows, shuffle, seed }: TensorFlowChunkTask, epoch: number): Int32Array {
  return shuffle ? shuffled(rows, seed, epoch) : rows
}

/** Records the results of a loop, all of whose steps were of one size, and how far it came. */
export function tell(record: SharedRecord, loop: LoopStatus, task: TensorFlowChunkTask): void {
  const { batches, results } = task
  const examples = examplesBefore(batches, record.step + 1) - examplesBefore(batches, record.step)
  const isAhead = loop.step > record.step
  for (const [index, { name, kind, place }] of results.entries()) {
    if (kind === 'rows') continue
    const isScalar = kind === 'scalar'
    const values = isScalar ? loop.scalarSums.subarray(place, place + 1) : loop.sums[place]
    record.add(index, values ?? [], examples)
    if (!isScalar || !isAhead) continue
    const last = loop.last[place] ?? NaN
    record.last[index]?.fill(last)
    if (name === 'loss' && Number.isFinite(last)) record.lastLoss = last
  }
  record.step = loop.step
}

/** Records the rows that the steps since `first`, the chunk's, have left in the model. */
export function collectRows(
  model: LoadedModel,
  record: SharedRecord,
  first: number,
  { results, batches }: TensorFlowChunkTask,
): void {
  const { step } = record
  if (step === first || results.every(({ kind }) => kind !== 'rows')) return
  const places = placesOf(batches, first, step)
  const collected = model.collected()
  for (const [index, { kind, place }] of results.entries()) {
    const values = collected[place]
    if (kind !== 'rows' || values === undefined) continue
    const size = values.length / passSizeOf(batches)
    for (const [from, to] of places) {
      record.rows[index]?.set(values.subarray(from * size, to * size), from * size)
    }
  }
}
