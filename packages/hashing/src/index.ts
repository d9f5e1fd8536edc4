export type { ValueKind } from './code-values.js'
export { encoderOf, type Encoder } from './encoder.js'
export { IndexFileError, ModelMismatchError } from './errors.js'
export { type AddOptions, type HammingSearchOptions, HashIndex, type SearchOptions } from './hash-index.js'
export type { HashIndexOptions, ModelId } from './index-contents.js'
export type { Neighbour } from './neighbour.js'
export { SearchThreads } from './search-threads.js'
export { packCodes } from './pack-codes.js'
export { type BucketOccupancy, bucketOccupancy } from './quality/bucket-occupancy.js'
export type { LabelledCodes } from './quality/distance-counts.js'
export {
  type RadiusQuality,
  type RetrievalOptions,
  type RetrievalQuality,
  retrievalQuality,
} from './quality/retrieval-quality.js'
