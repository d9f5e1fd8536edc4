export {
  crossValidateExperiment,
  type CrossValidateExperimentOptions,
  type ExperimentFold,
  type ExperimentValidation,
} from './cross-validate-experiment.js'
export { LocalTrainer, type LocalTrainerOptions, type OnProfile } from './local-trainer.js'
export { runExperiments, type Run, type RunOptions, type TrainerRunOptions } from './run-experiments.js'
export { epochsOfRun, type StageEpochs } from './listing/epoch-rows.js'
export {
  compareRuns,
  type ComparedCurve,
  type ComparedResults,
  type ComparedRun,
  type RunComparison,
  type RunDifference,
} from './listing/compare-runs.js'
export * from './listing/index.js'
export {
  findGarbage,
  QUEUE_STORE,
  removeGarbage,
  type ForeignFile,
  type FoundGarbage,
  type Garbage,
} from './runs/collect-garbage.js'
export { findRun, isRun } from './runs/find-run.js'
export {
  findStageModel,
  isModelFile,
  modelOfStage,
  stagesOf,
  type StageModel,
  type StageOfRun,
} from './runs/find-stage-model.js'
export { findResumable } from './runs/same-run.js'
export { followRun, type FollowedRun, type FollowOptions } from './runs/follow-run.js'
export { EventLog, type LoggedEvent } from './runs/event-log.js'
export { sourcesOfRun } from './runs/run-directory.js'
export { findRuns, readRecord, readRun, type RunContents } from './runs/read-run.js'
export { isLocked, processAt } from './runs/run-lock.js'
export type { EngineTold, RunRecord } from './runs/run-record.js'
export { readDoneStage, type DoneStage } from './runs/stage-files.js'
export { stageSamples } from './runs/stage-samples.js'
export type { StageMetrics } from './runs/stage-metrics.js'
export type {
  ExperimentResult,
  ExperimentStatus,
  RunEvent,
  RunInSight,
  RunResult,
  Sample,
  StageProgress,
  StageRef,
  StageResult,
} from './runs/run-result.js'
export type { ReadyStage, StageTrainer, StageTraining } from './stage-trainer.js'
export { plannedStages, type PlannedStage } from './scheduling/planned-stages.js'
export { stageGraph, type StageGraph, type StageNode } from './scheduling/stage-graph.js'
export { verifyRun, type StageVerdict } from './verify-run.js'
