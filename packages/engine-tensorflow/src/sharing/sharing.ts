/**
 * What the workers of a cut step share: the sums that each computes over its micro-batches, and the barrier at which
 * they meet.
 */
import { type Shape } from '@gradpool/core'
import { sizeOf } from '@gradpool/core/engine'
import type { Variables } from '../lowering/variables.js'
import type { CutBatch, StepKind } from './cut-batch.js'
import type { MicroBatch } from './cut-step.js'
import { createBarrier, type Barrier } from './barrier.js'

/** Where the values of a sum are: those of each micro-batch in turn, from index `offset` of the partial sums. */
export interface SumRegion {
  /** The variable that is set to the total. */
  readonly name: string
  readonly shape: Shape
  readonly size: number
  readonly offset: number
}

export interface StepLayout {
  readonly microBatches: readonly MicroBatch[]
  /** Sums by level, in the order in which they are made. */
  readonly levels: readonly (readonly SumRegion[])[]
}

/** Structured-cloneable; buffers are shared, not copied. */
export interface Sharing {
  readonly layouts: ReadonlyMap<StepKind, StepLayout>
  readonly partials: Float32Array
  readonly barrier: Barrier
  /** A worker that waits longer than this for the others abandons the chunk. */
  readonly timeoutMs: number
}

/** A worker's number, and how many workers there are. */
export interface Membership {
  readonly worker: number
  readonly workers: number
}

/** Undefined if no step is cut. */
export function createSharing(cuts: CutBatch, variables: Variables, timeoutMs: number): Sharing | undefined {
  const layouts = new Map<StepKind, StepLayout>()
  let most = 0
  for (const [kind, { microBatches, levels }] of cuts) {
    // The kinds of steps use the same memory, as only one of them runs at a time.
    let offset = 0
    const regions = levels.map((sums) =>
      sums.map(({ name, shape }) => {
        const region = { name: variables.state(name).name, shape, size: sizeOf(shape), offset }
        offset += microBatches.length * region.size
        return region
      }),
    )
    layouts.set(kind, { microBatches, levels: regions })
    most = Math.max(most, offset)
  }
  if (most === 0) return undefined
  const partials = new Float32Array(new SharedArrayBuffer(4 * most))
  return { layouts, partials, barrier: createBarrier(), timeoutMs }
}
