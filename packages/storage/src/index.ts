export { checkDiskSpace } from './disk-space.js'
export { flushDirectory, makeDirectories, writeDurably } from './durable-file.js'
export { codeOf, isMissing, messageOf, reasonOf } from './file-errors.js'
export { hasFields, isCount, isHash, isText, type Check } from './json-checks.js'
export { appendLine, endTornLine } from './log-file.js'
export { namedStates, pick, valuesOf } from './named-states.js'
export { decodeSafetensors, encodeSafetensors, type NamedArray, type SafetensorsFile } from './safetensors.js'
export { fieldsOf } from './saved-model/check-content.js'
export { decodeSavedModel } from './saved-model/decode.js'
export { encodeSavedModel } from './saved-model/encode.js'
export type {
  JsonValue,
  ModelContent,
  Provenance,
  RowPrograms,
  SavedEvaluation,
  SavedModel,
  SavedPrediction,
  ValueSpec,
} from './saved-model/saved-model.js'
export { weightsHash } from './weights-hash.js'
