/**
 * A BatchProgram: the Program of one batch, with the Program of the shorter last batch where the
 * batch size does not divide the number of examples, so that every example counts once per epoch.
 */
import type { PlateauState } from '../optimizers/index.js'
import type { MetricSpec } from '../metrics/metric-spec.js'
import { sizeOf } from '../program/dtype.js'
import type { Program } from '../program/program.js'
import type { Result } from '../program/program-data.js'

/** How a pass over the examples is cut into batches. */
export interface Batches {
  readonly batchSize: number
  readonly numExamples: number
  /** There where the shorter last batch is a step, too. */
  readonly tail?: unknown
}

export interface BatchProgram extends Batches {
  /**
   * Rows are visited in the order of a permutation of their own for each epoch, or as they stand.
   */
  readonly shuffle: boolean
  /** Parts of a batch whose sums are made one by one, then added in order. Default: 1. */
  readonly microBatches?: number
  readonly program: Program
  /** Learning rates that are reduced between epochs. */
  readonly plateaus?: readonly PlateauState[]
  /** For `numExamples % batchSize` examples; same states and results as `program`. */
  readonly tail?: Program
  /** How metrics come from its results: see `finishMetrics`. */
  readonly metrics: readonly MetricSpec[]
}

/**
 * Steps of one pass over the examples, the shorter last batch included where there is a Program for
 * it.
 */
export function stepsPerEpochOf({ tail, batchSize, numExamples }: Batches): number {
  return tail ? Math.ceil(numExamples / batchSize) : Math.floor(numExamples / batchSize)
}

/** Examples of all steps before a step, from the first epoch on. */
export function examplesBefore(batches: Batches, step: number): number {
  const stepsPerEpoch = stepsPerEpochOf(batches)
  const epochs = Math.floor(step / stepsPerEpoch)
  return epochs * passSizeOf(batches) + (step % stepsPerEpoch) * batches.batchSize
}

/** Examples of one pass. */
export function passSizeOf(batches: Batches): number {
  const { batchSize, numExamples } = batches
  return Math.min(numExamples, stepsPerEpochOf(batches) * batchSize)
}

/**
 * Where in the order of a pass the examples of the steps from `since` to before `step` are, at most
 * a pass of them: one stretch, or two where they began in the pass before.
 */
export function placesOf(batches: Batches, since: number, step: number): (readonly [begin: number, end: number])[] {
  const pass = passSizeOf(batches)
  const after = examplesBefore(batches, step)
  const count = Math.min(pass, after - examplesBefore(batches, since))
  const end = after % pass
  if (end >= count) return [[end - count, end]]
  const before: readonly [number, number] = [pass + end - count, pass]
  return end === 0 ? [before] : [before, [0, end]]
}

/** Elements of a result, or of one example's row of it. */
export function resultSize({ program }: BatchProgram, { node, rows }: Result): number {
  return sizeOf(program.node(node).shape.slice(rows ? 1 : 0))
}
