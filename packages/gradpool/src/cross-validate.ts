/** One name for cross-validation, of a model or of an experiment. */
import type { Model } from '@gradpool/core'
import type { ExperimentConfig } from '@gradpool/experiments'
import {
  crossValidateExperiment,
  type CrossValidateExperimentOptions,
  type ExperimentValidation,
} from '@gradpool/orchestrator'
import {
  crossValidate as crossValidateModel,
  type CrossValidateOptions,
  type CrossValidation,
  type DataFor,
  type Held,
} from '@gradpool/trainer'

/** What a model or an experiment is worth on rows that it has not seen: see `crossValidate` of @gradpool/trainer. */
export function crossValidate<
  M extends Model,
  const D extends DataFor<M>,
  const V extends Held<M> | undefined = undefined,
>(model: M, options: CrossValidateOptions<M, D, V>): Promise<CrossValidation<M>>
/** The same of all stages of an experiment, by its own data and training; its last stage is judged. */
export function crossValidate(
  experiment: ExperimentConfig,
  options?: CrossValidateExperimentOptions,
): Promise<ExperimentValidation>
export function crossValidate<M extends Model, D extends DataFor<M>>(
  subject: M | ExperimentConfig,
  options: CrossValidateOptions<M, D, undefined> | CrossValidateExperimentOptions = {},
): Promise<unknown> {
  if ('stages' in subject) return crossValidateExperiment(subject, options as CrossValidateExperimentOptions)
  return crossValidateModel<M, D>(subject, options as CrossValidateOptions<M, D, undefined>)
}
