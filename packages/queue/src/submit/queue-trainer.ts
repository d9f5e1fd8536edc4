/**
 * Trains the stages of a run on whoever works on a queue: puts each there that is ready, follows it, and takes its
 * result from the store.
 *
 * The queue may lose everything, and this process may end at any time: what is outstanding is looked for every few
 * seconds, in the queue and in the store, and is added again where it is in neither.
 */
import type { ReadyStage, StageNode, StageTrainer, StageTraining } from '@gradpool/orchestrator'
import { messageOf } from '@gradpool/storage'
import type { QueueEventsListener } from 'bullmq'
import type { TrainingOutcome } from '@gradpool/trainer'
import type { TrainingPlan } from '@gradpool/trainer/plan'
import { ANSWER_MS, closeParts, endsWithin } from '../connection/ends-within.js'
import {
  openJobEvents,
  openJobQueue,
  type JobEvents,
  type JobQueue,
  type QueueServer,
} from '../connection/open-queue.js'
import type { QueueJob, StageJob } from '../job.js'
import { isTemporary } from '../store/retries.js'
import type { StageDocuments } from '../jobs/stage-documents.js'
import { stageQueueName, type DependentStage, type QueuedStage } from '../queue/queued-stage.js'
import { REMOVED_EVENT } from '../queue/removed-event.js'
import { Registry } from '../queue/registry.js'
import { readNews, readReturn, type StageReturn } from '../queue/stage-news.js'
import { setTimeout } from 'node:timers/promises'
import { JobAdder } from './job-adder.js'
import type { JobOver, OutstandingJob } from './outstanding-job.js'
import { QueuedTraining } from './queued-training.js'

export interface QueueTrainerOptions {
  readonly server: QueueServer
  readonly documents: StageDocuments
  /** The store that this process serves; null where workers have their own. */
  readonly served: StageJob['store']
  /** Which bits are wanted; see `Engine.numerics`. */
  readonly numerics: string
  /** Known again when the run is resumed. Only its own jobs are taken out of the queue when it stops. */
  readonly submitter: string
  /** See `MOST_PRIORITY`. */
  readonly priority: number
  /** Of training on one worker. */
  readonly mostSeconds?: number | undefined
  /** Train what is done, too. */
  readonly fresh?: boolean | undefined
  /** Leave jobs in the queue when it stops, or is closed. */
  readonly leaves?: boolean | undefined
  /**
   * Wait for nothing: each stage is over, as one that was interrupted, when it is in the queue with all that start from
   * it, which this gives by the stage's hash.
   */
  readonly detach?: ((hash: string) => readonly StageNode[]) | undefined
  /** Told in one sentence of what is wrong but stops nothing. */
  readonly onWarning: (message: string) => void
  readonly sweepSeconds?: number
  /** Stages that may be outstanding at one time. */
  readonly limit?: number
}

const SWEEP_SECONDS = 5
const LIMIT = 1000
/** The same sentence is said again after so long. */
const SAY_AGAIN_MS = 60_000
/** Looks at so many jobs at once. */
const LOOK_AT = 200
/** A job whose result cannot be read is done again so often. */
const MOST_TRIES = 3
const STORE_AGAIN_MS = 2000

/** What jobs of one kind have. */
type JobsOwn = 'kind' | 'state' | 'checkpointSeconds'

interface RemovedListener extends QueueEventsListener {
  readonly [REMOVED_EVENT]: (event: { readonly jobId: string }) => void
}
const REMOVED: JobOver = { how: 'failed', error: 'it was removed from the queue' }

export class QueueTrainer implements StageTrainer {
  readonly limit: number
  readonly #options: QueueTrainerOptions
  readonly #queue: JobQueue<QueuedStage, StageReturn>
  readonly #events: JobEvents
  readonly #adder: JobAdder
  readonly #outstanding = new Map<string, OutstandingJob>()
  readonly #said = new Map<string, number>()
  readonly #sweeper: NodeJS.Timeout
  #isSweeping = false
  #closing: Promise<void> | undefined

  constructor(options: QueueTrainerOptions) {
    this.#options = options
    this.limit = options.limit ?? LIMIT
    const name = stageQueueName(options.numerics)
    this.#queue = openJobQueue(options.server, name, this.#say)
    this.#events = openJobEvents(options.server, name, this.#say)
    this.#adder = new JobAdder(this.#queue, (error) => this.#say(options.server.sentence(error)))
    this.#follow()
    void this.#register(name)
    this.#sweeper = setInterval(() => void this.#sweep(), 1000 * (options.sweepSeconds ?? SWEEP_SECONDS))
  }

  start(stage: ReadyStage): StageTraining {
    const { documents, numerics } = this.#options
    const { hash } = stage.ref
    const training = new QueuedTraining(stage, {
      id: hash,
      queued: () => this.#queuedOf(stage),
      find: () => documents.findResult(hash, numerics),
    })
    return {
      run: () => this.#run(training),
      stop: () => void this.stop(training),
      progress: () => training.progress(),
    }
  }

  /** What a job has in common with all that this trainer adds. */
  async jobOf(
    stage: Pick<ReadyStage, 'ref' | 'stallSeconds'> & { readonly plan: TrainingPlan },
  ): Promise<Omit<StageJob, JobsOwn>> {
    const { documents, numerics, served } = this.#options
    const { hash, name, seed, experiments } = stage.ref
    return {
      format: 1,
      stage: hash,
      numerics,
      plan: await documents.encodePlan(stage.plan),
      title: { name, seed, experiments },
      stallSeconds: stage.stallSeconds,
      store: served,
    }
  }

  /** A job as it goes into the queue. */
  queue(job: QueueJob, then: readonly DependentStage[] = []): QueuedStage {
    const { submitter, priority, mostSeconds = null, leaves = false, detach } = this.#options
    return { job, submitter: leaves || detach ? '' : submitter, priority, mostSeconds, then, strikes: 0, stop: false }
  }

  /** Adds a job, and follows it to its end. */
  async follow(job: OutstandingJob): Promise<JobOver> {
    const queued = await this.#patiently(job, () => job.source.queued())
    // Between looking and asking it may have been stopped.
    if (this.#isOver(job)) return { how: 'interrupted' }
    const isOver = job.isOver()
    this.#outstanding.set(job.id, job)
    try {
      const added = this.#adder.add(queued, this.#outstanding.size - 1)
      if (this.#options.detach === undefined) return await isOver
      return await Promise.race([isOver, added.then((): JobOver => ({ how: 'interrupted' }))])
    } finally {
      this.#outstanding.delete(job.id)
    }
  }

  /** Whether a worker has a job, or has had it. */
  async isTaken({ id }: OutstandingJob): Promise<boolean> {
    const state = await this.#queue.getJobState(id)
    return state !== 'waiting' && state !== 'prioritized'
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    clearInterval(this.#sweeper)
    this.#adder.close()
    for (const training of this.#outstanding.values()) training.end({ how: 'interrupted' })
    await closeParts([this.#events, this.#queue])
  }

  async #run(training: QueuedTraining): Promise<TrainingOutcome> {
    const startedMs = performance.now()
    const soFar = () => ({ epochs: [], seconds: (performance.now() - startedMs) / 1000 })
    try {
      return (await this.#outcomeOf(training)) ?? { status: 'interrupted', ...soFar() }
    } catch (error) {
      const { plan } = training.stage
      if (isTemporary(error) && this.#isOver(training)) return { status: 'interrupted', ...soFar() }
      return { status: 'failed', error: `${plan.name}: ${messageOf(error)}`, mayRetry: false, ...soFar() }
    }
  }

  /** Undefined where it was stopped. */
  async #outcomeOf(training: QueuedTraining): Promise<TrainingOutcome | undefined> {
    const { documents, numerics, fresh = false } = this.#options
    const { plan } = training.stage
    const drop = () => this.#patiently(training, () => documents.dropResult(training.id, numerics))
    if (fresh) await drop()
    for (let tries = 1; ; tries++) {
      const over = await this.#overOf(training)
      if (over.how === 'interrupted') return undefined
      if (over.how === 'failed') throw new Error(over.error)
      try {
        const outcome = await this.#patiently(training, () => documents.decodeOutcome(over.outcome, plan))
        training.tellAll(outcome)
        return outcome
      } catch (error) {
        if (tries === MOST_TRIES || isTemporary(error)) throw error
        this.#say(`${plan.name} is trained again, as its result cannot be read: ${messageOf(error)}`)
        await drop()
      }
    }
  }

  /** A store that does not answer for long is asked again for as long as the job is wanted. */
  async #patiently<T>(job: OutstandingJob, work: () => T | Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work()
      } catch (error) {
        if (!isTemporary(error) || this.#isOver(job)) throw error
        this.#say(`${messageOf(error)}; it is tried again`)
      }
      await setTimeout(STORE_AGAIN_MS, undefined, { ref: false })
    }
  }

  #isOver(job: OutstandingJob): boolean {
    return job.isStopping || this.#closing !== undefined
  }

  async #overOf(training: QueuedTraining): Promise<JobOver> {
    const outcome = await this.#patiently(training, () => training.source.find())
    return outcome ? { how: 'outcome', outcome } : this.follow(training)
  }

  async #queuedOf({ state, ...stage }: ReadyStage): Promise<QueuedStage> {
    const { documents, detach } = this.#options
    const then = detach ? await Promise.all(detach(stage.ref.hash).map((each) => this.#dependent(each, stage))) : []
    const job = await this.#stageJobOf(stage)
    return this.queue({ ...job, state: state ? await documents.encodeStates(state) : null }, then)
  }

  async #dependent(
    { plan, ref, dependents }: StageNode,
    shared: Pick<ReadyStage, 'checkpointSeconds' | 'stallSeconds'>,
  ): Promise<DependentStage> {
    return {
      job: await this.#stageJobOf({ ...shared, plan, ref }),
      states: plan.transferredStates ?? [],
      then: await Promise.all(dependents.map((each) => this.#dependent(each, shared))),
    }
  }

  async #stageJobOf(
    stage: Pick<ReadyStage, 'ref' | 'checkpointSeconds' | 'stallSeconds'> & { readonly plan: TrainingPlan },
  ): Promise<Omit<StageJob, 'state'>> {
    return { ...(await this.jobOf(stage)), kind: 'stage', checkpointSeconds: stage.checkpointSeconds }
  }

  #follow(): void {
    this.#events.on('completed', ({ jobId, returnvalue }) => {
      this.#complete(jobId, returnvalue)
    })
    // A job that is tried again fails, too.
    this.#events.on('failed', ({ jobId }) => void this.#lookAt([jobId]))
    this.#events.on('progress', ({ jobId, data }) => {
      const news = readNews(data)
      if (news) this.#outstanding.get(jobId)?.hear(news)
    })
    this.#events.on<RemovedListener>(REMOVED_EVENT, ({ jobId }: { readonly jobId: string }) => {
      this.#outstanding.get(jobId)?.end(REMOVED)
    })
  }

  #complete(id: string, returned: unknown): void {
    const training = this.#outstanding.get(id)
    const result = readReturn(returned)
    if (training === undefined || result === undefined) return
    if ('outcome' in result) training.end({ how: 'outcome', outcome: result.outcome })
    else if (training.isStopping) training.end({ how: 'interrupted' })
    // Another submitter wanted it no longer: the next look adds it again.
    else Object.assign(training, { heardMs: 0, timesMissing: 1 })
  }

  /** Takes a job out of the queue, or away from its worker, where it is this trainer's own. */
  async stop(training: OutstandingJob): Promise<void> {
    training.isStopping = true
    if (!this.#outstanding.has(training.id)) return
    const { leaves = false, submitter } = this.#options
    const takeOut = async () => {
      const job = leaves ? undefined : await this.#queue.getJob(training.id)
      if (job?.data.submitter !== submitter) {
        training.end({ how: 'interrupted' })
        return
      }
      // A job that a worker has cannot be removed; the worker looks for this.
      await job.updateData({ ...job.data, stop: true })
      if ((await this.#queue.remove(training.id)) === 1) training.end({ how: 'interrupted' })
    }
    try {
      if (await endsWithin(ANSWER_MS, takeOut())) return
      this.#say('the queue does not answer: what was asked of it stays there')
      training.end({ how: 'interrupted' })
    } catch (error) {
      this.#say(this.#options.server.sentence(error))
      training.end({ how: 'interrupted' })
    }
  }

  async #sweep(): Promise<void> {
    if (this.#isSweeping || this.#closing) return
    this.#isSweeping = true
    try {
      const sinceMs = performance.now() - 1000 * (this.#options.sweepSeconds ?? SWEEP_SECONDS)
      const quiet = [...this.#outstanding.values()].filter(({ heardMs }) => heardMs <= sinceMs).map(({ id }) => id)
      for (let at = 0; at < quiet.length; at += LOOK_AT) await this.#lookAt(quiet.slice(at, at + LOOK_AT))
    } catch {
      // The connection tells of its errors; the next sweep looks again.
    } finally {
      this.#isSweeping = false
    }
  }

  /** What became of jobs. */
  async #lookAt(ids: readonly string[]): Promise<void> {
    const wanted = ids.filter((id) => this.#outstanding.has(id))
    const states = await Promise.all(wanted.map((id) => this.#queue.getJobState(id)))
    await Promise.all(
      wanted.map(async (id, index) => {
        const training = this.#outstanding.get(id)
        const state = states[index]
        if (training === undefined) return
        if (state === 'failed') {
          const job = await this.#queue.getJob(id)
          if (job) training.end({ how: 'failed', error: job.failedReason })
        } else if (state === 'unknown' || state === 'completed') await this.#lookInStore(training)
        else training.timesMissing = 0
      }),
    )
  }

  /** One that the queue has no more: its result is in the store, or it is added again. */
  async #lookInStore(training: OutstandingJob): Promise<void> {
    const outcome = await training.source.find()
    if (outcome) {
      training.end({ how: 'outcome', outcome })
      return
    }
    training.timesMissing++
    // Its event may be on the way, or it has just been asked for.
    if (training.timesMissing < 2) return
    training.timesMissing = 0
    if (training.isStopping) training.end({ how: 'interrupted' })
    else await this.#adder.add(await training.source.queued(), this.#outstanding.size - 1)
  }

  async #register(name: string): Promise<void> {
    const registry = new Registry(this.#options.server, this.#say)
    try {
      await registry.addQueue(name)
    } catch {
      // Told of by the connection; workers tell of the queue, too.
    } finally {
      await registry.close().catch(() => undefined)
    }
  }

  readonly #say = (message: string): void => {
    const nowMs = performance.now()
    if (this.#closing || nowMs - (this.#said.get(message) ?? -Infinity) < SAY_AGAIN_MS) return
    this.#said.set(message, nowMs)
    this.#options.onWarning(message)
  }
}
