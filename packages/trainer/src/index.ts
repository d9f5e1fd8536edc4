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
