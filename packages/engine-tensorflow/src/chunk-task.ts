/** What a worker is sent to run a chunk. */
import type { Batches, SharedRecordData, SharedStatesData } from '@gradpool/core/engine'
import type { ResultVariable, StateVariable } from './lowering/variables.js'
import type { Membership, Sharing } from './sharing/sharing.js'

/** Structured-cloneable; buffers are shared, not copied. */
export interface TensorFlowChunkTask {
  /** The folder of the SavedModel. */
  readonly model: string
  readonly signatures: readonly string[]
  readonly record: SharedRecordData
  readonly states: SharedStatesData
  /** The variables of the model that hold states. */
  readonly variables: readonly StateVariable[]
  /** Whether a step changes states. */
  readonly trains: boolean
  readonly rows: Int32Array
  readonly shuffle: boolean
  readonly seed: number
  readonly batches: Batches
  readonly results: readonly ResultVariable[]
  readonly steps: number
  /** Set if steps are cut into micro-batches. */
  readonly sharing: Sharing | undefined
  readonly member: Membership
}
