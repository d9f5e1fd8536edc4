/**
 * The cuts of a BatchProgram's steps, and the signatures of a SavedModel by which workers share a
 * step.
 */
import type { BatchProgram } from '@gradpool/core/engine'
import { cutStep, type CutStep } from './cut-step.js'

/** Full batches, and the shorter last one of an epoch. */
export type StepKind = 'full' | 'tail'

export type CutBatch = Readonly<Partial<Record<StepKind, CutStep>>>

/** Without a cut where nothing is to be shared. */
export function cutBatch({ program, tail, microBatches = 1 }: BatchProgram): CutBatch {
  if (microBatches === 1) return {}
  const [full, short] = [cutStep(program, 'full'), tail && cutStep(tail, 'tail')]
  return { ...(full && { full }), ...(short && { tail: short }) }
}

/** Sets the sums of a level. */
export function exchangeSignature(kind: StepKind, level: number): string {
  return `exchange_${kind}_${level}`
}

/** Makes the sums of a level over the examples of one micro-batch. */
export function partSignature(kind: StepKind, level: number, length: number): string {
  return `part_${kind}_${level}_${length}`
}

/** All cuts of a BatchProgram with their kinds. */
export function cutsOf(cuts: CutBatch): (readonly [StepKind, CutStep])[] {
  return (['full', 'tail'] as const).flatMap((kind) => {
    const cut = cuts[kind]
    return cut ? [[kind, cut] as const] : []
  })
}
