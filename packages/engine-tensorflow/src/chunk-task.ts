/**
 * What a worker is sent and what it answers, and the books that it keeps of a chunk.
 */
import { shuffled, type ChunkStatus } from '@gradpool/core'
import type { LoopStatus } from './loaded-model.js'
import type { SharedProgress, SharedStatesData } from './shared.js'
import type { Membership, Sharing } from './sharing/sharing.js'

/** Structured-cloneable; buffers are shared, not copied. */
export interface TensorFlowChunkTask {
  /** The folder of the SavedModel, which is the name of the execution too. */
  readonly model: string
  readonly progress: SharedArrayBuffer
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
  /** Keys the order of the rows. */
  readonly orderSeed: number
  readonly batchSize: number
  readonly hasTail: boolean
  readonly stepsPerEpoch: number
  /** Elements of each result. */
  readonly resultSizes: readonly number[]
  /** Where the loss is among the results of one element; -1 where there is none. */
  readonly lossIndex: number
  readonly steps: number
  /** Where the step is cut into microBatches. */
  readonly sharing: Sharing | undefined
  readonly member: Membership
}

export interface TensorFlowChunkOutcome {
  readonly status: ChunkStatus
  /** Of each result, over the examples of the chunk. */
  readonly sums: readonly Float64Array[]
}

/** The rows in the order of an epoch. */
export function orderOf(
  { rows, shuffle, orderSeed }: TensorFlowChunkTask,
  epoch: number,
): Int32Array {
  return shuffle ? shuffled(rows, orderSeed, epoch) : rows
}

/** Examples of a batch, which is the weight of its results. */
export function examplesOf(
  { rows, batchSize, stepsPerEpoch, hasTail }: TensorFlowChunkTask,
  step: number,
) {
  const isTail = hasTail && step % stepsPerEpoch === stepsPerEpoch - 1
  return isTail ? rows.length % batchSize : batchSize
}

/** Adds the results of a loop, weighted by the examples of its batches, to those of the chunk. */
export function addTo(
  sums: Float64Array[],
  loop: LoopStatus,
  examples: number,
  { resultSizes }: TensorFlowChunkTask,
): void {
  let [scalar, other] = [0, 0]
  for (const [index, size] of resultSizes.entries()) {
    const values = size === 1 ? loop.scalarSums.slice(scalar, ++scalar) : (loop.sums[other++] ?? [])
    const sum = (sums[index] ??= new Float64Array(size))
    values.forEach((value, element) => (sum[element] = (sum[element] ?? 0) + value * examples))
  }
}

/** Tells the main thread how far a loop has come. */
export function publish(
  progress: SharedProgress,
  { step, last }: LoopStatus,
  { lossIndex }: TensorFlowChunkTask,
): void {
  if (step > progress.step) {
    progress.results.set(last)
    const loss = last[lossIndex] ?? NaN
    if (Number.isFinite(loss)) progress.lastLoss = loss
  }
  progress.step = step
}
