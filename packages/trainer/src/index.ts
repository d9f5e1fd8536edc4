export {
  CheckpointStore,
  checkpointWriter,
  isCheckpointFile,
  type Checkpoints,
} from './checkpoints/checkpoint-store.js'
export {
  type BestStates,
  type Checkpoint,
  type CheckpointRecord,
  decodeRecord,
  decodeStates,
  encodeRecord,
  encodeStates,
} from './checkpoints/checkpoint.js'
export { EpochRows, rowBytes } from './checkpoints/epoch-rows.js'
export { isEpochRow, isMetrics, metricAt, type EpochRow, type Metrics } from './metrics/epoch-row.js'
export { metricsOf } from './metrics/metrics-of.js'
export { trainingCost, type TrainingCost } from './plan/training-cost.js'
export { type RunSegments, type Segment, type SegmentResult, SegmentTrainer } from './strategies/segment.js'
export { usefulWorkers } from './strategies/compile-strategy.js'
export { enginePool, type EnginePool } from './threads/engine-pool.js'
export { ThreadBudget } from './threads/thread-budget.js'
export { checkMemory } from './training/check-memory.js'
export { Executions } from './training/executions.js'
export { runFed } from './windows/compile-fed.js'
export { Pace, speedOn } from './training/pace.js'
export { sentenceOf } from './training/training-errors.js'
export { Training } from './training/training.js'
export type { TrainingOutcome, TrainingProgress } from './training/training-outcome.js'
export { withRetries } from './training/with-retries.js'
export {
  loadModel,
  type LoadOptions,
  type ModelNames,
  type OutputArrays,
  type OutputNames,
} from './saved-model/load-model.js'
export type { LoadedModel, ValueType } from './saved-model/loaded-model.js'
export type { ModelSource } from './saved-model/read-source.js'
export {
  encodeModel,
  type EncodeOptions,
  ownVersion,
  writeModel,
  type SaveOptions,
  type SaveReport,
  type SaveTarget,
  type TrainedModel,
} from './saved-model/save-model.js'
export { type PredictionEngine, Predictor } from './predict/predictor.js'
export type { RowValues } from './predict/rows-in.js'
export { tracePrediction } from './saved-model/trace-rows.js'
export { kernelTable } from './profile/kernel-times.js'
export { checkProfile, writeProfile } from './profile/profile-file.js'
export type { TrainingProfile } from './profile/training-profile.js'
export {
  chooseEngine,
  type EngineChoice,
  engineFor,
  type EngineModule,
  type EngineName,
  engineNames,
} from './choose-engine.js'
export { fit } from './fit/fit.js'
export type {
  DataFor,
  EarlyStopping,
  EndEvent,
  EpochEvent,
  FieldsFor,
  FitOptions,
  HasValidation,
  Held,
  Judged,
  LearningOptions,
  Presence,
  Row,
  StepProgress,
  TrainingOptions,
} from './fit/fit-types.js'
export type { Fitted } from './fit/fitted.js'
export { compare, pairedTest, type Comparison } from './judging/compare.js'
export {
  crossValidate,
  type CrossValidateOptions,
  type CrossValidation,
  type Fold,
  joinedPredictions,
  type Scores,
  spreadOf,
  type Trained,
} from './judging/cross-validate.js'
export { Callbacks } from './fit/callbacks.js'
export { rowsOf } from './predict/rows-of.js'
export { ensemble, type Predicting } from './judging/ensemble.js'
export type { SeriesValues } from './predict/go-on.js'
export { type CurvePoint, learningCurve, type LearningCurveOptions } from './judging/learning-curve.js'
export {
  type ColumnImportance,
  type Dependence,
  explain,
  type ExplainOptions,
  type Explanation,
} from './judging/explain.js'
export { logOf } from './sinks/log.js'
export { SinkFeed } from './sinks/sink-feed.js'
export { startedTraining } from './sinks/started-training.js'
export type { Usage } from './sinks/usage.js'
export type {
  ImageBytes,
  Log,
  LogEvent,
  LoggedImage,
  LoggedItem,
  LoggedTable,
  LoggedWeights,
  LogItem,
  ParamValue,
  Sink,
  TrainingEnd,
} from './sinks/sink.js'
export type { InitFrom } from './fit/init-from.js'
export { type FieldType, startTraining, type StartOptions } from './online/start-training.js'
export type { Trainer } from './online/trainer.js'
export { loadNpz, loadSafetensors } from './weights/load-weights.js'
export type { ImportedWeights, ImportOptions } from './weights/imported-weights.js'
