export {
  autoencode,
  classify,
  defineExperiment,
  hash,
  parseExperiment,
} from './define-experiment.js'
export { catalogue, findExperiments, groups } from './catalogue.js'
export { withPreset } from './presets.js'
export { withOverrides } from './overrides.js'
export { planExperiment, type PlanOptions } from './plan-experiment.js'
export type { ExperimentPlan, StagePlan } from './stage-plan.js'
export type { ExperimentConfig, ExperimentInput, StageConfig, StageInput } from './schema.js'
export { STAGE_FORMAT } from './stage-hash.js'
export { suggestion } from './nearest-name.js'
export type { StageTrainConfig, TrainConfig, TrainInput } from './train-options.js'
