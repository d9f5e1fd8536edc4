/**
 * The rounds of one training over machines: each replica's part is a job of a queue. A part that takes much longer than
 * others is put there once more, and whichever copy is done first counts: they have the same bits.
 */
import { UserError } from '@gradpool/core'
import { messageOf } from '@gradpool/storage'
import type { ReadyStage } from '@gradpool/orchestrator'
import type { RunSegments, Segment, SegmentResult } from '@gradpool/trainer'
import { putContent, readContent } from '../documents/content.js'
import { nameOf } from '../documents/pointers.js'
import { decodeSegment, encodeRound, mostSegmentBytes } from '../documents/segment-document.js'
import { findSegment } from '../jobs/store-documents.js'
import type { Content, SegmentJob } from '../job.js'
import { jobId, segmentName } from '../queue/job-id.js'
import type { BlobStore } from '../store/blob-store.js'
import { type JobOver, OutstandingJob } from './outstanding-job.js'
import type { QueueTrainer } from './queue-trainer.js'

/** What puts jobs into a queue and follows them. */
export type SegmentQueue = Pick<QueueTrainer, 'jobOf' | 'queue' | 'follow' | 'stop' | 'isTaken'>

export interface SegmentRoundsOptions {
  readonly queue: SegmentQueue
  readonly store: BlobStore
  readonly stage: Pick<ReadyStage, 'plan' | 'ref' | 'stallSeconds' | 'onWarning'>
  readonly numerics: string
  /** A segment is late from here on, however fast the others are. Default: 1. */
  readonly lateSeconds?: number
}

/** A segment that a worker has is late after so many times the median of others. */
const LATE_TIMES = 4
const LATE_SECONDS = 1
/** Segments that the median is of. */
const MOST_KNOWN = 64
const MOST_COPIES = 4
/** A segment whose result cannot be read is trained again so often. */
const MOST_TRIES = 3

export class SegmentRounds {
  readonly #options: SegmentRoundsOptions
  readonly #lateMs: number
  readonly #known: number[] = []
  #base: ReturnType<SegmentQueue['jobOf']> | undefined
  /** Of the round before. */
  #clearing: Promise<unknown> = Promise.resolve()
  /** Results that a copy may put into the store again. */
  readonly #late: Kept[] = []

  constructor(options: SegmentRoundsOptions) {
    this.#options = options
    this.#lateMs = 1000 * (options.lateSeconds ?? LATE_SECONDS)
  }

  readonly run: RunSegments = async (segments, signal) => {
    const { store, stage, queue } = this.#options
    const [first] = segments
    if (first === undefined) return []
    const { hash, ...title } = stage.ref
    const base = await (this.#base ??= queue.jobOf(stage))
    const step = Math.max(...segments.map((segment) => segment.step))
    const { program } = stage.plan.training.program
    const state = await putContent(store, encodeRound(first.states, program, { stage: hash, step }))
    const wanted = segments.map((segment) => {
      const { replica, step, steps } = segment
      const name = `${title.name}, replica ${replica}, ${steps} steps from ${step}`
      const own = { kind: 'segment', replica, state, step, steps, copy: 0, title: { ...base.title, name } } as const
      return new Wanted({ ...base, ...own }, this.#options)
    })
    const stop = () => {
      for (const each of wanted) each.stop()
    }
    signal.addEventListener('abort', stop)
    const look = setInterval(() => this.#copyLate(wanted), this.#lateMs / 4)
    try {
      const results = await Promise.all(wanted.map((each, i) => this.#result(each, segments[i])))
      await this.#clearing
      this.#clearing = this.#clear(state, wanted)
      return results
    } finally {
      clearInterval(look)
      signal.removeEventListener('abort', stop)
      stop()
    }
  }

  /** Fulfilled when what rounds have put into the store is gone from there. */
  async close(): Promise<void> {
    await this.#clearing
    await Promise.all(this.#late.map((kept) => this.#drop(kept)))
  }

  async #result(wanted: Wanted, segment: Segment | undefined): Promise<SegmentResult> {
    const { store, stage, numerics } = this.#options
    const pass = stage.plan.averaging?.replicas[wanted.job.replica]
    if (pass === undefined || segment === undefined) throw new Error('the plan has no such replica')
    for (let tries = 1; ; tries++) {
      const startedMs = performance.now()
      const over = await wanted.train()
      if (over.how === 'failed') throw new UserError(over.error)
      if (over.how === 'interrupted') throw new UserError(`${wanted.job.title.name} was interrupted`)
      const { name } = wanted
      try {
        const bytes = await readContent(store, over.outcome, mostSegmentBytes(pass.program))
        const where = `the result of ${wanted.job.title.name} in ${store.address}`
        const result = decodeSegment(bytes, pass.program.program, { segment: name, ...segment }, where)
        this.#known.push(performance.now() - startedMs)
        if (this.#known.length > MOST_KNOWN) this.#known.shift()
        wanted.outcome = over.outcome
        return result
      } catch (error) {
        if (tries === MOST_TRIES) throw error
        stage.onWarning(`${wanted.job.title.name} is trained again: ${messageOf(error)}`)
        await store.deleteName(nameOf('segments', { stage: name, numerics }))
      }
    }
  }

  #copyLate(wanted: readonly Wanted[]): void {
    if (this.#known.length === 0) return
    const sorted = [...this.#known].sort((a, b) => a - b)
    const median = sorted[Math.floor(sorted.length / 2)] ?? 0
    const lateMs = Math.max(this.#lateMs, LATE_TIMES * median)
    for (const each of wanted) each.copyWhere(lateMs)
  }

  async #clear(state: Content, wanted: readonly Wanted[]): Promise<void> {
    const kept = wanted.map(({ name, outcome }): Kept => ({ name, outcome }))
    this.#late.push(...kept.filter((_, i) => (wanted[i]?.copies ?? 0) > 1))
    await Promise.all([this.#drop({ outcome: state }), ...kept.map((each) => this.#drop(each))])
  }

  /** What cannot be deleted stays. */
  async #drop({ name, outcome }: Kept): Promise<void> {
    const { store, numerics } = this.#options
    try {
      if (name !== undefined) await store.deleteName(nameOf('segments', { stage: name, numerics }))
      if (outcome && 'blob' in outcome) await store.delete(outcome.blob)
    } catch {
      // The store tells of its errors where they matter.
    }
  }
}

/** What lies in the store. */
interface Kept {
  readonly name?: string
  readonly outcome: Content | undefined
}

/** A segment, and the copies of its job. */
class Wanted {
  readonly job: SegmentJob
  readonly name: string
  /** Once it is read. */
  outcome: Content | undefined
  readonly #options: SegmentRoundsOptions
  #copies: OutstandingJob[] = []
  /** All copies, those of tries before included. */
  copies = 0
  #numOpen = 0
  /** When the last copy was added. */
  #addedMs = 0
  #isLooking = false
  #end: ((over: JobOver) => void) | undefined
  #stopped = false

  constructor(job: SegmentJob, options: SegmentRoundsOptions) {
    this.job = job
    this.name = segmentName(job)
    this.#options = options
  }

  /** How the first copy that is done ended, or the last one, where none is. */
  async train(): Promise<JobOver> {
    const over = new Promise<JobOver>((resolve) => {
      this.#end = resolve
    })
    this.#copies = []
    this.#numOpen = 0
    if (this.#stopped) return { how: 'interrupted' }
    this.#add()
    const ended = await over
    this.#end = undefined
    this.#stopCopies()
    return ended
  }

  stop(): void {
    this.#stopped = true
    this.#stopCopies()
    this.#end?.({ how: 'interrupted' })
  }

  /** Adds a copy where a worker has had the last one for so long; in a queue where all wait, it would wait, too. */
  copyWhere(lateMs: number): void {
    const last = this.#copies.at(-1)
    const isLate = performance.now() - this.#addedMs > lateMs
    if (last === undefined || !this.#end || !isLate || this.#isLooking || this.#copies.length === MOST_COPIES) return
    this.#isLooking = true
    void this.#options.queue
      .isTaken(last)
      .then((isTaken) => {
        if (isTaken && this.#end) this.#add()
      })
      // Looked for again soon.
      .catch(() => undefined)
      .finally(() => {
        this.#isLooking = false
      })
  }

  #add(): void {
    const { queue, store, numerics } = this.#options
    const job: SegmentJob = { ...this.job, copy: this.#copies.length }
    const copy = new OutstandingJob({
      id: jobId(job),
      queued: () => queue.queue(job),
      find: () => findSegment(store, this.name, numerics),
    })
    this.#copies.push(copy)
    this.#numOpen++
    this.copies++
    this.#addedMs = performance.now()
    const end = this.#end
    void queue
      .follow(copy)
      .catch((error: unknown): JobOver => ({ how: 'failed', error: messageOf(error) }))
      .then((over) => {
        if (over.how === 'outcome' || --this.#numOpen === 0) end?.(over)
      })
  }

  #stopCopies(): void {
    for (const copy of this.#copies) void this.#options.queue.stop(copy)
  }
}
