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
  writeModel,
  type SaveOptions,
  type SaveTarget,
  type TrainedModel,
} from './saved-model/save-model.js'
export { type PredictionEngine, Predictor } from './predict/predictor.js'
export type { RowValues } from './predict/rows-in.js'
export { tracePrediction } from './saved-model/trace-rows.js'
export {
  chooseEngine,
  type EngineChoice,
  type EngineName,
  engineNames,
  type Precision,
  precisions,
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
  Monitor as MonitorName,
  Presence,
  Row,
  StepProgress,
  TrainingOptions,
} from './fit/fit-types.js'
export type { Fitted } from './fit/fitted.js'
export type { InitFrom } from './fit/init-from.js'
export { type FieldType, startTraining, type StartOptions } from './online/start-training.js'
export type { Trainer } from './online/trainer.js'
