export { cacheFolder } from './cache-folder.js'
export { checkDiskSpace } from './disk-space.js'
export { flushDirectory, makeDirectories, writeDurably } from './durable-file.js'
export { isFileTold, readTold, sha256, tellOf, type FileTold } from './file-hash.js'
export { codeOf, isMissing, messageOf, reasonOf } from './file-errors.js'
export { hasFields, isCount, isHash, isText, type Check } from './json-checks.js'
export { installedPackage } from './installed-package.js'
export { appendLine, endTornLine, openLog } from './log-file.js'
export { toLittleEndian } from './little-endian.js'
export { namedStates, pick, valuesOf } from './named-states.js'
export { decodeNpy, decodeNpz, NPY_HEADER_BYTES, npyLayout } from './npz.js'
export type { NamedArray, StoredArray } from './number-types.js'
export { permuteAxes } from './permute-axes.js'
export { openRegular, openRegularSync, readRegular, readRegularSync, type RegularFile } from './regular-file.js'
export { decodeForeignSafetensors, decodeSafetensors, encodeSafetensors, type SafetensorsFile } from './safetensors.js'
export { fieldsOf } from './saved-model/check-content.js'
export { decodeSavedModel } from './saved-model/decode.js'
export { encodeSavedModel } from './saved-model/encode.js'
export { type ReducedWeights, reducedWeights } from './saved-model/reduced-weights.js'
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
export { openSealed, refuseOtherVersion, sealJson } from './sealed-json.js'
export { weightsHash } from './weights-hash.js'
