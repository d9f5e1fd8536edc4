/**
 * How experiments are written: `defineExperiment` and the stages it takes.
 */
import { UserError } from '@gradpool/core'
import type { StageModel } from './stage-model.js'
import type {
  AutoencodeInput,
  ClassifyInput,
  ExperimentConfig,
  ExperimentInput,
  ModelInput,
} from './schema.js'

/**
 * Checks an experiment and fills in defaults.
 *
 * @throws UserError naming the field that is wrong, what was found there, and what is allowed.
 */
export function defineExperiment(experiment: ExperimentInput): ExperimentConfig {
  throw new UserError(`not written yet: ${experiment.name}`)
}

/** A stage that trains an encoder and a decoder to give back their input. Needs no labels. */
export function autoencode(options: Omit<AutoencodeInput, 'kind'>): AutoencodeInput {
  return { kind: 'autoencode', ...options }
}

/** A stage that trains a classifier, from the pixels or on the encoder of the autoencode stage before it. */
export function classify(options: Omit<ClassifyInput, 'kind'>): ClassifyInput {
  return { kind: 'classify', ...options }
}

/** A stage that trains a model of one's own, made by `stage({ params, step })` of @gradpool/core. */
export function model(
  name: string,
  stage: StageModel,
  options: Omit<ModelInput, 'kind' | 'name' | 'stage'> = {},
): ModelInput {
  return { kind: 'model', name, stage, ...options }
}
