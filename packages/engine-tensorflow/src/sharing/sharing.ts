/**
 * What the workers of a cut step share: the sums that each makes over its microBatches, in one
 * shared memory, and where they meet.
 */
import { type Shape } from '@gradpool/core'
import { sizeOf } from '@gradpool/core/engine'
import type { Variables } from '../lowering/variables.js'
import { cutsOf, type CutBatch, type StepKind } from './cut-batch.js'
import type { MicroBatch } from './cut-step.js'
import { Barrier } from './barrier.js'

/** A sum's values of all microBatches, one after the other, from the float `offset` on. */
export interface SumRegion {
  /** The variable that the added-up values go to. */
  readonly variable: string
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
  readonly layouts: Readonly<Partial<Record<StepKind, StepLayout>>>
  readonly partials: SharedArrayBuffer
  readonly barrier: SharedArrayBuffer
  /** A worker that waits longer than this for the others gives the chunk up. */
  readonly barrierTimeoutMs: number
}

/** Who of how many a worker is. */
export interface Membership {
  readonly worker: number
  readonly workers: number
}

/** Undefined where no step is cut. */
export function createSharing(cuts: CutBatch, variables: Variables, barrierTimeoutMs: number): Sharing | undefined {
  const layouts: Partial<Record<StepKind, StepLayout>> = {}
  let most = 0
  for (const [kind, { microBatches, levels }] of cutsOf(cuts)) {
    // No two kinds are in use at once.
    let offset = 0
    const regions = levels.map((sums) =>
      sums.map(({ name, shape }) => {
        const region = { variable: variables.state(name).name, shape, size: sizeOf(shape), offset }
        offset += microBatches.length * region.size
        return region
      }),
    )
    layouts[kind] = { microBatches, levels: regions }
    most = Math.max(most, offset)
  }
  if (most === 0) return undefined
  const partials = new SharedArrayBuffer(4 * most)
  return { layouts, partials, barrier: Barrier.create(), barrierTimeoutMs }
}
