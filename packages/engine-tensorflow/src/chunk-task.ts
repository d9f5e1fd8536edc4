/**
 * What a worker is sent, and how it records what the steps of a chunk tell.
 */
import {
  shuffled,
  type SharedRecord,
  type SharedRecordData,
  type SharedStatesData,
} from '@gradpool/core'
import type { LoadedModel, LoopStatus } from './loaded-model.js'
import type { ResultVariable } from './lowering/variables.js'
import type { Membership, Sharing } from './sharing/sharing.js'

/** Structured-cloneable; buffers are shared, not copied. */
export interface TensorFlowChunkTask {
  /** The folder of the SavedModel, which is the name of the execution too. */
  readonly model: string
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
  readonly batchSize: number
  readonly hasTail: boolean
  readonly stepsPerEpoch: number
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

/** Records the results of a loop, all of whose steps were of one kind, and how far it came. */
export function tell(record: SharedRecord, loop: LoopStatus, task: TensorFlowChunkTask): void {
  const { results, rows, batchSize, stepsPerEpoch, hasTail } = task
  const isTail = hasTail && record.step % stepsPerEpoch === stepsPerEpoch - 1
  const examples = isTail ? rows.length % batchSize : batchSize
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
  { results, rows, batchSize, stepsPerEpoch, hasTail }: TensorFlowChunkTask,
): void {
  const { step } = record
  if (step === first || results.every(({ kind }) => kind !== 'rows')) return
  const pass = hasTail ? rows.length : stepsPerEpoch * batchSize
  const place = (at: number) => Math.min(pass, (at % stepsPerEpoch) * batchSize)
  const [begin, end] = [place(first), place(step - 1) + batchSize]
  const wraps = Math.floor((step - 1) / stepsPerEpoch) > Math.floor(first / stepsPerEpoch)
  const isWhole = step - first >= stepsPerEpoch
  const stretches = isWhole
    ? [[0, pass]]
    : wraps
      ? [
          [begin, pass],
          [0, end],
        ]
      : [[begin, end]]
  const collected = model.collected()
  for (const [index, { kind, place }] of results.entries()) {
    const values = collected[place]
    if (kind !== 'rows' || values === undefined) continue
    const size = values.length / pass
    for (const [from = 0, to = 0] of stretches) {
      record.rows[index]?.set(values.subarray(from * size, to * size), from * size)
    }
  }
}
