export type { ValueKind } from './code-values.js'
export { IndexFileError, ModelMismatchError } from './errors.js'
export {
  type AddOptions,
  type HammingSearchOptions,
  HashIndex,
  type HashIndexOptions,
  type ModelId,
  type SearchOptions,
} from './hash-index.js'
export type { Neighbour } from './neighbour.js'
export { packCodes } from './pack-codes.js'
