export { CheckpointStore } from './checkpoint-store.js'
export type { Checkpoint } from './checkpoint.js'
export { runExperiments, type Run, type RunOptions } from './run-experiments.js'
export { findGarbage, removeGarbage, type Garbage } from './collect-garbage.js'
export { findResumable } from './find-resumable.js'
export { findRuns, readRecord, readRun, type RunContents } from './read-run.js'
export type { RunRecord } from './run-record.js'
export type { StageMetrics } from './stage-files.js'
export {
  decodeSafetensors,
  encodeSafetensors,
  type NamedArray,
  type SafetensorsFile,
} from './safetensors.js'
export { trainDataParallel, type DataParallelOptions, type Trained } from './train-data-parallel.js'
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
export { verifyRun, type StageVerdict } from './verify-run.js'
