export { QueueAdmin, type JobTold, type QueueReport, type QueueTold } from './admin/queue-admin.js'
export { checkNamespace, DEFAULT_NAMESPACE } from './connection/namespace.js'
export { openQueueServer, type QueueServer } from './connection/open-queue.js'
export { QUEUE_VARIABLE, queueAddress, type GivenAddress, type QueueAddress } from './connection/queue-address.js'
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
export type { JobEnd, JobHooks, JobRunner, RunningJob } from './jobs/job-runner.js'
export type { StageDocuments } from './jobs/stage-documents.js'
export { StageJobRunner, type StageJobRunnerOptions } from './jobs/stage-job-runner.js'
export { StoreDocuments } from './jobs/store-documents.js'
export type { Listen } from './metrics/metrics-server.js'
export { MOST_PRIORITY, USUAL_PRIORITY } from './queue/queued-stage.js'
export type { Machine } from './queue/registry.js'
export { type BlobCache, cachedStore, diskCache, memoryCache } from './store/blob-cache.js'
export type { BlobStore } from './store/blob-store.js'
export { StoreError } from './store/object-store.js'
export { openServedStore, openStore, type OpenStoreOptions } from './store/open-store.js'
export type { RetryRule } from './store/retries.js'
export { serveStore, type StoreServer, type StoreServerOptions } from './store/store-server.js'
export { openSubmission, type Submission, type SubmissionOptions } from './submit/open-submission.js'
export { QueueTrainer, type QueueTrainerOptions } from './submit/queue-trainer.js'
export { openWorker, type OpenWorker, type OpenWorkerOptions } from './worker/open-worker.js'
export { StageWorker, type HeldJob, type StageWorkerOptions, type WorkerEvent } from './worker/stage-worker.js'
