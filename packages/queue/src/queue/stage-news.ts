/** What a worker tells of a stage while it trains it, at most twice a second, and what it returns at the end. */
import { hasFields, isCount, isText } from '@gradpool/storage'
import type { EpochRow, TrainingProgress } from '@gradpool/trainer'
import { isContent } from '../documents/content.js'
import type { Content } from '../job.js'

export interface StageNews {
  /** The worker, for people. */
  readonly worker: string
  /** Of the checkpoint that it began at. */
  readonly fromStep: number
  readonly threads: number
  /** Rows since the last news. */
  readonly rows: readonly EpochRow[]
  readonly progress: TrainingProgress | null
}

/** BullMQ's queue has JSON, which has null for what is not finite. */
export function readNews(value: unknown): StageNews | undefined {
  const revived = withNaN(value)
  return isNews(revived) ? { ...revived, progress: isProgress(revived.progress) ? revived.progress : null } : undefined
}

function withNaN(value: unknown, key = ''): unknown {
  if (value === null) return key === 'progress' ? null : NaN
  if (Array.isArray(value)) return value.map((each) => withNaN(each))
  if (typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withNaN(each, name)]))
}

const isNumber = (value: unknown): value is number => typeof value === 'number'

function isRow(value: unknown): value is EpochRow {
  return hasFields(value, { epoch: isCount, seconds: isNumber, loss: isNumber })
}

function isProgress(value: unknown): value is TrainingProgress {
  return hasFields(value, {
    epoch: isCount,
    step: isCount,
    steps: isCount,
    last: (last) => hasFields(last, {}) && Object.values(last).every(isNumber),
    elapsedSeconds: isNumber,
  })
}

function isNews(value: unknown): value is StageNews {
  return hasFields(value, {
    worker: isText,
    fromStep: isCount,
    threads: isCount,
    rows: (rows) => Array.isArray(rows) && rows.every(isRow),
  })
}

/** What a job returns: the outcome, or that it was stopped since its submitter wanted it no longer. */
export type StageReturn = { readonly outcome: Content; readonly worker: string } | { readonly stopped: true }

export function readReturn(value: unknown): StageReturn | undefined {
  if (hasFields(value, { stopped: (it) => it === true })) return { stopped: true }
  return isResult(value) ? value : undefined
}

function isResult(value: unknown): value is Extract<StageReturn, { outcome: Content }> {
  return hasFields(value, { outcome: isContent, worker: isText })
}
