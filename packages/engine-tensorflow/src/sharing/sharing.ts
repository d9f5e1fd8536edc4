/**
 * What the workers of a cut step share: the sums that each makes over its shards, in one shared memory, and where they meet.
 */
import { sizeOf, type Shape } from '@gradpool/core'
import type { Variables } from '../lowering/variables.js'
import {
  cutsOf,
  partSignature,
  exchangeSignature,
  type CutBatch,
  type StepKind,
} from './cut-batch.js'
import type { Shard } from './cut-step.js'
import { Meeting } from './meeting.js'

/** A sum's values of all shards, one after the other, from the float `offset` on. */
export interface SumRegion {
  /** The variable that the added-up values go to. */
  readonly variable: string
  readonly shape: Shape
  readonly size: number
  readonly offset: number
}

export interface StepLayout {
  readonly shards: readonly Shard[]
  /** Sums by level, in the order in which they are made. */
  readonly levels: readonly (readonly SumRegion[])[]
}

/** Structured-cloneable; buffers are shared, not copied. */
export interface Sharing {
  readonly layouts: Readonly<Partial<Record<StepKind, StepLayout>>>
  readonly partials: SharedArrayBuffer
  readonly meeting: SharedArrayBuffer
  /** A worker that waits longer than this for the others gives the span up. */
  readonly patienceMs: number
}

/** Who of how many a worker is. */
export interface Membership {
  readonly worker: number
  readonly workers: number
}

/** Undefined where no step is cut. */
export function createSharing(
  cuts: CutBatch,
  variables: Variables,
  patienceMs: number,
): Sharing | undefined {
  const layouts: Partial<Record<StepKind, StepLayout>> = {}
  let most = 0
  for (const [kind, { shards, levels }] of cutsOf(cuts)) {
    // No two kinds are in use at once.
    let offset = 0
    const regions = levels.map((sums) =>
      sums.map(({ name, shape }) => {
        const region = { variable: variables.state(name).name, shape, size: sizeOf(shape), offset }
        offset += shards.length * region.size
        return region
      }),
    )
    layouts[kind] = { shards, levels: regions }
    most = Math.max(most, offset)
  }
  if (most === 0) return undefined
  const partials = new SharedArrayBuffer(4 * most)
  return { layouts, partials, meeting: Meeting.create(), patienceMs }
}

/** The signatures that sharing calls, besides those of every model. */
export function signaturesOf({ layouts }: Sharing): string[] {
  return (['full', 'tail'] as const).flatMap((kind) => {
    const { levels = [], shards = [] } = layouts[kind] ?? {}
    const lengths = [...new Set(shards.map(({ length }) => length))]
    return levels.flatMap((_, level) => [
      exchangeSignature(kind, level),
      ...lengths.map((length) => partSignature(kind, level, length)),
    ])
  })
}
