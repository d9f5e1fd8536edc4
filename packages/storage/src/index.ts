export { checkDiskSpace } from './disk-space.js'
export { flushDirectory, makeDirectories, writeDurably } from './durable-file.js'
export { codeOf, isMissing, messageOf, reasonOf } from './file-errors.js'
export { hasFields, isCount, isHash, isText, type Check } from './json-checks.js'
export { appendLine, endTornLine } from './log-file.js'
export { namedStates, pick, valuesOf } from './named-states.js'
export {
  decodeSafetensors,
  encodeSafetensors,
  type NamedArray,
  type SafetensorsFile,
} from './safetensors.js'
export { weightsHash } from './weights-hash.js'
