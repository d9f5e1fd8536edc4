/** Saved models as bytes, without files: for where there is no Node. */
export { checkBatchProgram, fieldsOf } from './check-content.js'
export { decodeSavedModel, parseBatchProgram } from './decode.js'
export { encodeSavedModel } from './encode.js'
export { type ReducedWeights, reducedWeights } from './reduced-weights.js'
export { UNVERIFIED_DESCRIPTION } from './saved-model.js'
export type {
  JsonValue,
  ModelContent,
  Provenance,
  RowPrograms,
  SavedEvaluation,
  SavedModel,
  SavedPrediction,
  ValueSpec,
} from './saved-model.js'
export { reasonOf } from '../file-errors.js'
export { namedStates, pick, valuesOf } from '../named-states.js'
export type { NamedArray, StoredArray } from '../number-types.js'
export { weightsHash } from '../weights-hash.js'
