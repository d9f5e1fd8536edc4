/** What a job is called in the queue: by all that determines its result, so that to add it twice is to have it once. */
import { sha256 } from '@gradpool/storage'
import type { Content, QueueJob, SegmentJob } from '../job.js'

export function jobId(job: QueueJob): string {
  if (job.kind === 'stage') return job.stage
  const name = segmentName(job)
  return job.copy === 0 ? name : `${name}-${job.copy}`
}

/** The hash of all that determines what a segment comes to: copies of it have the same. */
export function segmentName({ stage, replica, state, step, steps }: SegmentJob): string {
  return sha256(new TextEncoder().encode(JSON.stringify([stage, replica, hashOf(state), step, steps])))
}

export function hashOf(content: Content): string {
  return 'blob' in content ? content.blob : sha256(Buffer.from(content.inline, 'base64'))
}
