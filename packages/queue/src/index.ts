export { MOST_INLINE_BYTES, type Content, type StageJob, type StageJobResult } from './job.js'
export type { BlobStore } from './store/blob-store.js'
