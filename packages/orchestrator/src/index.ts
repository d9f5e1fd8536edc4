export { runExperiments, type Run, type RunOptions } from './run-experiments.js'
export { findRuns, readRun, type RunRecord, type RunContents } from './read-run.js'
export { readSafetensors, writeSafetensors } from './safetensors.js'
export type {
  EpochRow,
  ExperimentResult,
  ExperimentStatus,
  RunEvent,
  RunResult,
  Sample,
  StageProgress,
  StageRef,
  StageResult,
} from './run-result.js'
