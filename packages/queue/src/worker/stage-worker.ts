/**
 * A worker: takes stages from the queue of its numerics, as many at a time as it has threads, and has each trained.
 *
 * What is done is in the store before it is told to the queue. What is stopped goes back to the queue with its
 * checkpoint in the store.
 */
import { UserError } from '@gradpool/core'
import type { EpochRow } from '@gradpool/trainer'
import { type IQueueBackend, type Job, type JobProgress, UnrecoverableError, WaitingError, Worker } from 'bullmq'
import { ANSWER_MS, cutOff, endsWithin } from '../connection/ends-within.js'
import { openJobQueue, partOptions, type JobQueue, type QueueServer } from '../connection/open-queue.js'
import type { Content } from '../job.js'
import type { JobRunner, RunningJob } from '../jobs/job-runner.js'
import {
  bandedPriority,
  readQueued,
  stageOptions,
  stageQueueName,
  type DependentStage,
  type QueuedStage,
} from '../queue/queued-stage.js'
import { jobId } from '../queue/job-id.js'
import { type Machine, Registry } from '../queue/registry.js'
import type { StageNews, StageReturn } from '../queue/stage-news.js'
import { JobGate } from './job-gate.js'
import { LockThread, ThreadedLocks } from './threaded-locks.js'

/** A job that a worker's process has, as its supervisor knows it. */
export interface HeldJob {
  readonly id: string
  readonly token: string
}

export type WorkerEvent =
  | { readonly type: 'started'; readonly job: QueuedStage }
  /** It goes on from a checkpoint. */
  | { readonly type: 'resumed'; readonly job: QueuedStage; readonly fromStep: number }
  | { readonly type: 'ended'; readonly job: QueuedStage; readonly how: string; readonly seconds: number }
  /** Of jobs that it has: locks that were extended, and jobs that another worker may have now. */
  | { readonly type: 'locks'; readonly extended: number; readonly lost: number }
  /** One sentence. */
  | { readonly type: 'warning'; readonly message: string }

export interface StageWorkerOptions {
  readonly server: QueueServer
  readonly runner: JobRunner
  readonly machine: Omit<Machine, 'jobs' | 'started'>
  /** Jobs at one time. */
  readonly concurrency: number
  /** Jobs that the process before had when something ended it, and what. */
  readonly struck?: { readonly jobs: readonly HeldJob[]; readonly by: string }
  /** How long a lock lasts that nobody extends: so long a lost machine keeps its jobs. Default: 30. */
  readonly lockSeconds?: number
  /** Told of the jobs that it has, whenever they change. */
  readonly onHeld?: (jobs: readonly HeldJob[]) => void
  readonly onEvent?: (event: WorkerEvent) => void
}

const LOCK_SECONDS = 30
/** Of news: at most twice a second. */
const NEWS_MS = 500
const BEAT_MS = 5000
const LOOK_MS = 2000
/** A queue that does not answer for so long gives no jobs. */
const SILENT_MS = 20_000
/** A job that ends its process so often is failed. */
const MOST_STRIKES = 3

type StageQueueJob = Job<unknown, StageReturn>
class JobWorker extends Worker<unknown, StageReturn, string, IQueueBackend, JobProgress, string> {}

/** How a job ended that goes back to the queue. */
const HANDED_BACK = 'handed back'

/** Why a job was stopped. */
type Why = typeof HANDED_BACK | 'unwanted' | 'lost' | 'late'

interface Held extends HeldJob {
  readonly queued: QueuedStage
  readonly job: StageQueueJob
  readonly running: RunningJob
  readonly told: Told
  why: Why | undefined
}

/** What a training told. */
interface Told {
  /** Since the last news. */
  rows: EpochRow[]
  threads: number
  fromStep: number
  /** Of the last news. */
  step: number
}

export class StageWorker {
  readonly #options: StageWorkerOptions
  readonly #name: string
  readonly #lockMs: number
  readonly #started = new Date().toISOString()
  readonly #gate = new JobGate()
  readonly #held = new Map<string, Held>()
  readonly #queue: JobQueue<unknown, StageReturn>
  readonly #registry: Registry
  #worker: JobWorker | undefined
  #locks: LockThread | undefined
  #timers: NodeJS.Timeout[] = []
  /** When the queue last answered. */
  #heardMs = -Infinity
  #closing: Promise<void> | undefined
  readonly #working = new Set<Promise<unknown>>()

  private constructor(options: StageWorkerOptions) {
    this.#options = options
    this.#name = stageQueueName(options.machine.numerics)
    this.#lockMs = 1000 * (options.lockSeconds ?? LOCK_SECONDS)
    this.#queue = openJobQueue(options.server, this.#name, this.#warn)
    this.#registry = new Registry(options.server, this.#warn)
  }

  /** Fulfilled when it takes jobs. @throws UserError where the queue does not answer */
  static async start(options: StageWorkerOptions): Promise<StageWorker> {
    const worker = new StageWorker(options)
    if (await endsWithin(ANSWER_MS, worker.#start())) return worker
    await worker.#cutOff()
    throw new UserError(`the queue at ${options.server.address.shown} does not answer`)
  }

  async #start(): Promise<void> {
    const { struck, machine, server, concurrency } = this.#options
    if (struck) for (const job of struck.jobs) await this.#strike(job, struck.by)
    await this.#registry.addQueue(this.#name)
    await this.#tellMachine()
    const locks = (this.#locks = new LockThread({
      server,
      queue: this.#name,
      lockMs: this.#lockMs,
      onLost: (id, token) => this.#stop(id, 'lost', token),
      onExtended: (extended, lost) => this.#tell({ type: 'locks', extended, lost }),
      onWarning: this.#warn,
    }))
    const ThreadedWorker = class extends JobWorker {
      protected override createLockManager(): void {
        this.lockManager = new ThreadedLocks(this.name, locks)
      }
    }
    const worker = (this.#worker = new ThreadedWorker(
      this.#name,
      (job, token) => this.#do(job, token ?? ''),
      {
        ...partOptions(server),
        name: machine.id,
        concurrency,
        lockDuration: this.#lockMs,
        // One that is seen twice without a lock is taken from its worker.
        stalledInterval: this.#lockMs / 2,
        // A machine that is gone is no fault of the job.
        maxStalledCount: 1_000_000,
        runRetryDelay: 1000,
      },
      server.backends,
    ))
    worker.on('error', (error) => this.#warn(server.sentence(error)))
    await worker.waitUntilReady()
    this.#every(NEWS_MS, () => this.#tellNews())
    this.#every(BEAT_MS, () => this.#tellMachine())
    this.#every(LOOK_MS, () => this.#lookForUnwanted())
  }

  /** Why it takes no jobs, in a few words; undefined while it does. */
  unready(): string | undefined {
    if (this.#closing) return 'it stops'
    const silentMs = performance.now() - this.#heardMs
    return silentMs < SILENT_MS ? undefined : `the queue has not answered for ${Math.round(silentMs / 1000)} seconds`
  }

  /**
   * Hands back what is in progress, with its checkpoints in the store. Where the queue does not answer for 20 seconds
   * then, it leaves without: another worker gets those jobs when their locks are over.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const pausing = this.#worker?.pause(true).catch(() => undefined)
    for (const id of this.#held.keys()) this.#stop(id, HANDED_BACK)
    await Promise.allSettled([...this.#held.values()].map(({ running }) => running.end))
    if (await endsWithin(ANSWER_MS, this.#leave(pausing))) return
    const message = 'the queue does not answer: what was in progress goes to another worker when its lock is over'
    this.#options.onEvent?.({ type: 'warning', message })
    await this.#cutOff()
  }

  async #leave(pausing: Promise<void> | undefined): Promise<void> {
    await pausing
    while (this.#working.size > 0) await Promise.allSettled(this.#working)
    await this.#worker?.close()
    // A machine that is forgotten is not told of again.
    this.#stopTimers()
    await this.#locks?.close()
    await this.#registry.forget(this.#options.machine.id).catch(() => undefined)
    await this.#registry.close()
    await this.#queue.close()
  }

  async #cutOff(): Promise<void> {
    this.#stopTimers()
    await this.#locks?.close()
    cutOff(...(this.#worker ? [this.#worker] : []), this.#queue, this.#registry)
  }

  #stopTimers(): void {
    for (const timer of this.#timers) clearInterval(timer)
  }

  #every(ms: number, work: () => Promise<void>): void {
    let isAtIt = false
    const timer = setInterval(() => {
      if (isAtIt) return
      isAtIt = true
      // Told of by the connection.
      void work()
        .catch(() => undefined)
        .finally(() => {
          isAtIt = false
        })
    }, ms)
    this.#timers.push(timer)
  }

  #do(job: StageQueueJob, token: string): Promise<StageReturn> {
    const work = this.#train(job, token)
    this.#working.add(work)
    void work.catch(() => undefined).finally(() => this.#working.delete(work))
    return work
  }

  async #train(job: StageQueueJob, token: string): Promise<StageReturn> {
    const queued = readQueued(job.data)
    if (queued === undefined || jobId(queued.job) !== job.id) {
      throw new UnrecoverableError('it is no job of Gradpool, or one of another version')
    }
    const leave = await this.#gate.enter(queued.strikes > 0)
    const startedMs = performance.now()
    let how = 'failed'
    try {
      if (this.#closing) {
        how = HANDED_BACK
        return await this.#handBack(job, token)
      }
      this.#tell({ type: 'started', job: queued })
      const result = await this.#trainHere(job, token, queued, (its) => {
        how = its
      })
      return result
    } finally {
      this.#tell({ type: 'ended', job: queued, how, seconds: (performance.now() - startedMs) / 1000 })
      leave()
    }
  }

  async #trainHere(
    job: StageQueueJob,
    token: string,
    queued: QueuedStage,
    onEnd: (how: string) => void,
  ): Promise<StageReturn> {
    const { runner } = this.#options
    const id = jobId(queued.job)
    const told: Told = { rows: [], threads: 1, fromStep: 0, step: 0 }
    const running = runner.run(queued.job, {
      onStarted: (fromStep) => {
        told.fromStep = fromStep
        if (fromStep > 0) this.#tell({ type: 'resumed', job: queued, fromStep })
      },
      onEpoch: (row) => {
        told.rows.push(row)
      },
      onThreads: (threads) => {
        told.threads = threads
      },
      onWarning: (message) => this.#warn(`${queued.job.title.name}: ${message}`),
    })
    const held: Held = { id, token, queued, job, running, told, why: undefined }
    this.#held.set(id, held)
    this.#tellHeld()
    const { mostSeconds } = queued
    const late = mostSeconds === null ? undefined : setTimeout(() => this.#stop(id, 'late'), 1000 * mostSeconds)
    try {
      if (queued.stop) this.#stop(id, 'unwanted')
      const end = await running.end
      if (end.status === 'interrupted') {
        onEnd(held.why ?? HANDED_BACK)
        if (held.why === 'unwanted') return { stopped: true }
        if (held.why === 'late') {
          throw new UnrecoverableError(`${queued.job.title.name}: it took longer than ${String(mostSeconds)} seconds`)
        }
        // Another worker has it.
        if (held.why === 'lost') throw new WaitingError()
        // The next worker begins after these.
        await this.#tellNewsOf(held)
        return await this.#handBack(job, token)
      }
      if (end.status === 'done') await this.#addDependents(queued, end.outcome)
      onEnd(end.status)
      const { host, id: machine } = this.#options.machine
      return { outcome: end.outcome, worker: `${host} ${machine}` }
    } finally {
      clearTimeout(late)
      this.#held.delete(id)
      this.#tellHeld()
    }
  }

  /** To the front of its priority; throws what BullMQ wants to see then. */
  async #handBack(job: StageQueueJob, token: string): Promise<never> {
    await job.moveToWait(token)
    throw new WaitingError()
  }

  /** Adds what starts from a stage that is done: the jobs that its submitter would add. */
  async #addDependents({ job, then, ...shared }: QueuedStage, outcome: Content): Promise<void> {
    if (job.kind !== 'stage') return
    for (const dependent of then) {
      const state = await this.#options.runner.statesOf(job, outcome, dependent.states)
      const { stage } = dependent.job
      const data = queuedAfter(shared, dependent, state)
      await this.#queue.add(dependent.job.title.name, data, stageOptions(stage, bandedPriority(shared.priority, 0)))
    }
  }

  #stop(id: string, why: Why, token?: string): void {
    const held = this.#held.get(id)
    if (held === undefined || (token !== undefined && held.token !== token)) return
    held.why ??= why
    held.running.stop()
  }

  /** A process that had a job was ended by something. */
  async #strike({ id, token }: HeldJob, by: string): Promise<void> {
    const job = await this.#queue.getJob(id)
    const queued = readQueued(job?.data)
    if (job === undefined || queued === undefined) return
    const strikes = queued.strikes + 1
    await job.updateData({ ...queued, strikes } satisfies QueuedStage)
    try {
      if (strikes < MOST_STRIKES) await job.moveToWait(token)
      else
        await job.moveToFailed(new UnrecoverableError(`it ended its worker's process ${strikes} times (${by})`), token)
    } catch {
      // Its lock is over: another worker has it, or soon will.
    }
  }

  async #tellNews(): Promise<void> {
    for (const held of this.#held.values()) await this.#tellNewsOf(held)
  }

  async #tellNewsOf({ job, running, told }: Held): Promise<void> {
    const progress = running.progress() ?? null
    if (told.rows.length === 0 && (progress === null || progress.step === told.step)) return
    const { rows, threads, fromStep } = told
    told.rows = []
    told.step = progress?.step ?? told.step
    const { host } = this.#options.machine
    await job.updateProgress({ worker: host, fromStep, threads, rows, progress } satisfies StageNews)
  }

  async #tellMachine(): Promise<void> {
    const jobs = [...this.#held.values()].map(({ queued: { job } }) => `${job.title.name}, seed ${job.title.seed}`)
    await this.#registry.tell({ ...this.#options.machine, started: this.#started, jobs })
    this.#heardMs = performance.now()
  }

  async #lookForUnwanted(): Promise<void> {
    for (const { id } of [...this.#held.values()]) {
      const job = await this.#queue.getJob(id)
      if (readQueued(job?.data)?.stop === true) this.#stop(id, 'unwanted')
    }
  }

  #tellHeld(): void {
    this.#options.onHeld?.([...this.#held.values()].map(({ id, token }) => ({ id, token })))
  }

  #tell(event: WorkerEvent): void {
    this.#options.onEvent?.(event)
  }

  readonly #warn = (message: string): void => {
    // What follows from closing is no news.
    if (!this.#closing) this.#tell({ type: 'warning', message })
  }
}

/** The job of a stage whose start is done. */
function queuedAfter(
  { submitter, priority, mostSeconds }: Pick<QueuedStage, 'submitter' | 'priority' | 'mostSeconds'>,
  { job, then }: DependentStage,
  state: Content,
): QueuedStage {
  return { job: { ...job, state }, submitter, priority, mostSeconds, then, strikes: 0, stop: false }
}
