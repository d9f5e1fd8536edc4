/**
 * A BatchProgram: the Program of one batch, with the Program of the shorter last batch where the
 * batch size does not divide the number of examples, so that every example counts once per epoch.
 */
import type { MetricSpec } from '../metrics/metric-spec.js'
import { sizeOf } from '../program/dtype.js'
import type { Program } from '../program/program.js'
import type { Result } from '../program/program-data.js'

export interface BatchProgram {
  readonly batchSize: number
  readonly numExamples: number
  /**
   * Rows are visited in the order of a permutation of their own for each epoch, or as they stand.
   */
  readonly shuffle: boolean
  /** Parts of a batch whose sums are made one by one, then added in order. Default: 1. */
  readonly microBatches?: number
  readonly program: Program
  /** For `numExamples % batchSize` examples; same states and results as `program`. */
  readonly tail?: Program
  /** How metrics come from its results: see `finishMetrics`. */
  readonly metrics: readonly MetricSpec[]
}

/**
 * Steps of one pass over the examples, the shorter last batch included where there is a Program for
 * it.
 */
export function stepsPerEpochOf({ tail, batchSize, numExamples }: BatchProgram): number {
  return tail ? Math.ceil(numExamples / batchSize) : Math.floor(numExamples / batchSize)
}

/** Examples of all steps before a step, from the first epoch on. */
export function examplesBefore(program: BatchProgram, step: number): number {
  const { batchSize, numExamples } = program
  const stepsPerEpoch = stepsPerEpochOf(program)
  const perEpoch = Math.min(numExamples, stepsPerEpoch * batchSize)
  return Math.floor(step / stepsPerEpoch) * perEpoch + (step % stepsPerEpoch) * batchSize
}

/** Elements of a result, or of one example's row of it. */
export function resultSize({ program }: BatchProgram, { node, rows }: Result): number {
  return sizeOf(program.node(node).shape.slice(rows ? 1 : 0))
}
