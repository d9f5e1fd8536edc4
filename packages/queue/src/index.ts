export { BlobCheckpoints } from './documents/blob-checkpoints.js'
export { isContent, putContent, readContent } from './documents/content.js'
export { checkOutcome, decodeOutcome, encodeOutcome, type FinalOutcome } from './documents/outcome-document.js'
export {
  decodePlan,
  decodeProgram,
  encodePlan,
  encodeProgram,
  type PlanDocument,
  planOf,
} from './documents/plan-document.js'
export { MOST_INLINE_BYTES, type Content, type StageJob, type StageJobResult } from './job.js'
export { type BlobCache, cachedStore, diskCache, memoryCache } from './store/blob-cache.js'
export type { JobEnd, JobHooks, JobRunner, RunningJob } from './jobs/job-runner.js'
export type { StageDocuments } from './jobs/stage-documents.js'
export { StageJobRunner, type StageJobRunnerOptions } from './jobs/stage-job-runner.js'
export { StoreDocuments } from './jobs/store-documents.js'
export type { BlobStore } from './store/blob-store.js'
export { StoreError } from './store/object-store.js'
export { openServedStore, openStore, type OpenStoreOptions } from './store/open-store.js'
export type { RetryRule } from './store/retries.js'
export { serveStore, type StoreServer, type StoreServerOptions } from './store/store-server.js'
