/** What makes plans of trainings, without what runs them: `@gradpool/trainer/plan`. */
export { checkTogether, checkTraining } from '../fit/check-options.js'
export type { AveragingOptions, LearningOptions, TrainingOptions } from '../fit/fit-types.js'
export { DEFAULT_BATCH_SIZE, type Programs, tracedPrograms } from '../programs.js'
export { monitored } from './monitored.js'
export { namedPasses, STAGE_FORMAT, trainingHash, type TrainingDeterminants } from './training-hash.js'
export { passWork, trainingPasses } from './training-passes.js'
export type { Averaging, EarlyStopping, Monitor, Pass, TrainingPlan } from './training-plan.js'
export { nearest, suggestion } from '../nearest-name.js'
