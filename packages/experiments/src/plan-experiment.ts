/**
 * Turns an experiment into stages that need nothing but an engine: traced, bound to their rows, and named by hash.
 */
import { UserError } from '@gradpool/core'
import type { ExperimentConfig } from './schema.js'
import type { ExperimentPlan } from './stage-plan.js'

export interface PlanOptions {
  /** What `loadDataset(config.data, …)` of @gradpool/datasets gives. */
  readonly dataset: unknown
  /** Any integer of 32 bits. */
  readonly seed: number
}

/**
 * @throws UserError when the model does not fit the data, or the user's own model throws a ShapeError.
 */
export function planExperiment(config: ExperimentConfig, options: PlanOptions): ExperimentPlan {
  throw new UserError(`not written yet: ${config.name} ${options.seed}`)
}
