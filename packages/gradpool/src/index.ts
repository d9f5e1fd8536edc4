/**
 * Everything that a user writes with, from one import. Engine authors and embedders take the packages themselves.
 */
export * from '@gradpool/core'
export * from '@gradpool/datasets'
export type { DataSpec } from '@gradpool/datasets'
export * from '@gradpool/models'
export { catalogue, defineExperiment, type ExperimentConfig, withPreset } from '@gradpool/experiments'
export { crossValidate } from './cross-validate.js'
export type { CrossValidateExperimentOptions, ExperimentFold, ExperimentValidation } from '@gradpool/orchestrator'
export {
  type ColumnImportance,
  compare,
  type Comparison,
  type CrossValidateOptions,
  type CrossValidation,
  type CurvePoint,
  type DataFor,
  type Dependence,
  type EarlyStopping,
  type EndEvent,
  type EpochEvent,
  ensemble,
  explain,
  type ExplainOptions,
  type Explanation,
  type FieldsFor,
  type FieldType,
  fit,
  type FitOptions,
  type Fitted,
  type Fold,
  type InitFrom,
  type Judged,
  learningCurve,
  type LearningCurveOptions,
  type LoadedModel,
  type Log,
  type LogEvent,
  type LoggedImage,
  type LoggedTable,
  type ImportedWeights,
  type ImportOptions,
  loadModel,
  loadNpz,
  loadSafetensors,
  type ModelSource,
  type Predicting,
  type Row,
  type RowValues,
  type SaveOptions,
  type SaveReport,
  type SaveTarget,
  type Sink,
  type Scores,
  startTraining,
  type StartOptions,
  type StepProgress,
  type Trainer,
  type ValueType,
} from '@gradpool/trainer'
