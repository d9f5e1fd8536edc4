/**
 * What a job's data are in the queue: the stage or the segment, and what submitters and workers note on it while it is
 * there.
 */
import { hasFields, isCount, isHash, isText } from '@gradpool/storage'
import type { JobsOptions } from 'bullmq'
import { isContent } from '../documents/content.js'
import type { QueueJob, SegmentJob, StageJob } from '../job.js'

export interface QueuedStage {
  readonly job: QueueJob
  /** Whoever may take it away again: the one that added it; empty for one that left. */
  readonly submitter: string
  /** See `MOST_PRIORITY`. */
  readonly priority: number
  /** Of training on one worker; null for no limit. */
  readonly mostSeconds: number | null
  /** Stages that start from this one, for the worker to add once it is done. */
  readonly then: readonly DependentStage[]
  /** How often it ended the process that trained it. */
  readonly strikes: number
  /** Its submitter wants it no longer: the worker stops at a checkpoint. */
  readonly stop: boolean
}

/** A stage whose start is not done: its job, but for the states that it will start from. */
export interface DependentStage {
  readonly job: Omit<StageJob, 'state'>
  /** The names of these states. */
  readonly states: readonly string[]
  readonly then: readonly DependentStage[]
}

/** Of `--priority`: 1 is first. Each is a band of BullMQ's priorities. */
export const MOST_PRIORITY = 9
export const USUAL_PRIORITY = 5
const BAND = 32_768

/**
 * Within a band a job waits behind the jobs of as low a number: that of the jobs that its submitter has outstanding. So
 * submitters take turns, whoever came first and however many jobs each has.
 */
export function bandedPriority(priority: number, numOutstanding: number): number {
  return priority * BAND + Math.min(numOutstanding, BAND - 1)
}

/** The queue of stages that workers of these numerics do. Jobs of another format are in another queue. */
export function stageQueueName(numerics: string): string {
  return `${STAGES}1-${numerics.replace(/[^\w.-]/g, '_')}`
}

/** How names of such queues begin. */
const STAGES = 'stages-'
const KEEP_FAILED_SECONDS = 7 * 86_400

/** @param id see `jobId` */
export function stageOptions(id: string, priority: number): JobsOptions {
  return {
    jobId: id,
    priority,
    // Of errors of a store or of memory: training that fails by itself is done, and a lost machine is no attempt.
    attempts: 5,
    backoff: { type: 'exponential', delay: 2000, jitter: 0.5 },
    // Its result is in the store, under its name.
    removeOnComplete: true,
    removeOnFail: { age: KEEP_FAILED_SECONDS },
    stackTraceLimit: 0,
  }
}

/** Undefined where another program or version wrote it. */
export function readQueued(value: unknown): QueuedStage | undefined {
  return isQueued(value) ? value : undefined
}

function isQueued(value: unknown): value is QueuedStage {
  return hasFields(value, {
    job: (job): job is QueueJob => isStageJob(job) || isSegmentJob(job),
    submitter: isText,
    priority: isCount,
    mostSeconds: (it) => it === null || isPositive(it),
    then: areDependents,
    strikes: isCount,
    stop: isBoolean,
  })
}

const areDependents = (value: unknown): boolean => Array.isArray(value) && value.every(isDependent)

function isDependent(value: unknown): boolean {
  return hasFields(value, {
    job: (job) => hasFields(job, stageFields),
    states: (names) => Array.isArray(names) && names.every(isText),
    then: areDependents,
  })
}

const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean'
const isPositive = (value: unknown): value is number => Number.isFinite(value) && Number(value) > 0

const isTitle = (value: unknown): boolean =>
  hasFields(value, {
    name: isText,
    seed: Number.isFinite,
    experiments: (names) => Array.isArray(names) && names.every(isText),
  })

const isStore = (value: unknown): boolean => value === null || hasFields(value, { address: isText, token: isText })

const shared = {
  format: (value: unknown) => value === 1,
  stage: isHash,
  numerics: isText,
  plan: isContent,
  title: isTitle,
  stallSeconds: isPositive,
  store: isStore,
}

const stageFields = {
  ...shared,
  kind: (value: unknown) => value === 'stage',
  checkpointSeconds: isPositive,
}

function isStageJob(value: unknown): value is StageJob {
  return hasFields(value, { ...stageFields, state: (it: unknown) => it === null || isContent(it) })
}

function isSegmentJob(value: unknown): value is SegmentJob {
  const numbers = { replica: isCount, step: isCount, steps: isCount, copy: isCount }
  return hasFields(value, { ...shared, ...numbers, kind: (kind) => kind === 'segment', state: isContent })
}
