/**
 * The cuts of a BatchProgram's steps, and the names of the signatures of a SavedModel with which workers share a step.
 */
import type { BatchProgram } from '@gradpool/core/engine'
import { cutStep, type CutStep } from './cut-step.js'

/** Full batches, and the shorter last one of an epoch. */
export type StepKind = 'full' | 'tail'

/** Empty where workers have nothing to share. */
export type CutBatch = ReadonlyMap<StepKind, CutStep>

export function cutBatch({ program, tail, microBatches = 1 }: BatchProgram): CutBatch {
  const cuts = new Map<StepKind, CutStep>()
  if (microBatches === 1) return cuts
  const [full, shorter] = [cutStep(program, 'full'), tail && cutStep(tail, 'tail')]
  if (full) cuts.set('full', full)
  if (shorter) cuts.set('tail', shorter)
  return cuts
}

/** Sets the sums of a level. */
export function exchangeSignature(kind: StepKind, level: number): string {
  return `exchange_${kind}_${level}`
}

/** Computes the sums of a level over the examples of one micro-batch. */
export function partSignature(kind: StepKind, level: number, length: number): string {
  return `part_${kind}_${level}_${length}`
}
