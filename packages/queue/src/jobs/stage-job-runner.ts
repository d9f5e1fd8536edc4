/**
 * Trains one job, whatever the queue that it comes from: reads its plan, looks whether its result or a checkpoint is in
 * the store, trains, and puts the result there before it tells of it.
 *
 * It fails with a `UserError` for what would fail again, and with another error for what may not: the store does not
 * answer, or memory is short.
 */
import { UserError } from '@gradpool/core'
import { type Engine, sizeOf, type StateValues } from '@gradpool/core/engine'
import { LocalTrainer, type StageTraining } from '@gradpool/orchestrator'
import { decodeSafetensors, messageOf, valuesOf } from '@gradpool/storage'
import { checkMemory, ThreadBudget, type Checkpoints, type EnginePool } from '@gradpool/trainer'
import type { TrainingPlan } from '@gradpool/trainer/plan'
import { BlobCheckpoints } from '../documents/blob-checkpoints.js'
import { putBlob, putContent, readContent } from '../documents/content.js'
import { decodeOutcome, encodeOutcome, type FinalOutcome } from '../documents/outcome-document.js'
import { decodePlan, MOST_PLAN_BYTES } from '../documents/plan-document.js'
import { nameOf, writePointer } from '../documents/pointers.js'
import type { Content, QueueJob, SegmentJob, StageJob } from '../job.js'
import type { BlobStore } from '../store/blob-store.js'
import { plainErrors } from '../store/plain-errors.js'
import type { JobEnd, JobHooks, JobRunner, RunningJob } from './job-runner.js'
import { SegmentJobs } from './segment-jobs.js'
import { OutOfRoom, StageData } from './stage-data.js'
import { findResult, mostOutcomeBytes, picked, statesBytes } from './store-documents.js'

export interface StageJobRunnerOptions {
  readonly engine: Engine
  readonly pool: EnginePool
  /** Threads of the pool, which jobs share. */
  readonly workers: number
  /** The store of a job. */
  readonly storeOf: (job: QueueJob) => BlobStore | Promise<BlobStore>
  /** Of data that are kept in the engine's memory for later jobs. Default: a GiB. */
  readonly dataBytes?: number
}

const DATA_BYTES = 2 ** 30
/** Of states that a job starts from or goes on from, where its plan does not say. */
const MOST_STATE_BYTES = 2 ** 33

export class StageJobRunner implements JobRunner {
  readonly #options: StageJobRunnerOptions
  readonly #data: StageData
  readonly #trainer: LocalTrainer
  readonly #segments: SegmentJobs
  /** By the hash of the stage. */
  readonly #checkpoints = new Map<string, Checkpoints>()

  constructor(options: StageJobRunnerOptions) {
    this.#options = options
    const { engine, pool, workers, dataBytes: mostBytes = DATA_BYTES } = options
    this.#data = new StageData({ engine, mostBytes })
    const budget = new ThreadBudget(workers)
    const shared = { engine, pool, workers, budget }
    this.#trainer = new LocalTrainer({ ...shared, checkpoints: (hash) => this.#checkpointsOf(hash) })
    this.#segments = new SegmentJobs({ ...shared, data: this.#data, mostBytes: mostBytes / 4 })
  }

  run(job: QueueJob, hooks: JobHooks): RunningJob {
    if (job.kind === 'segment') return this.#segment(job)
    const running = new Running()
    return {
      end: this.#end(job, hooks, running),
      stop: () => running.stop(),
      progress: () => running.training?.progress(),
    }
  }

  #segment(job: SegmentJob): RunningJob {
    const { engine, storeOf } = this.#options
    const stop = new AbortController()
    const train = async () => {
      checkNumerics(job, engine)
      return this.#segments.end(job, plainErrors(await storeOf(job)), stop.signal)
    }
    return { end: train(), stop: () => stop.abort(), progress: () => undefined }
  }

  async statesOf(job: StageJob, outcome: Content, names: readonly string[]): Promise<Content> {
    const store = plainErrors(await this.#options.storeOf(job))
    const where = `the result of ${job.title.name}`
    const bytes = await readContent(store, outcome, MOST_STATE_BYTES)
    const decoded = decodeOutcome(bytes, job, where)
    if (decoded.status === 'failed') throw new UserError(`${where} has no states: ${decoded.error}`)
    return putContent(store, statesBytes(picked(decoded.state, names, where)))
  }

  async close(): Promise<void> {
    await this.#trainer.close()
    this.#segments.makeRoom()
    this.#data.close()
  }

  async #end(job: StageJob, hooks: JobHooks, running: Running): Promise<JobEnd> {
    const { engine, storeOf } = this.#options
    const { stage, numerics } = job
    checkNumerics(job, engine)
    const store = plainErrors(await storeOf(job))
    const before = await findResult(store, job)
    if (before) return { status: 'done', outcome: before }
    const where = `the plan of ${job.title.name}`
    const document = decodePlan(await readContent(store, job.plan, MOST_PLAN_BYTES), where)
    if (document.plan.hash !== stage) throw new UserError(`${where} is of another stage`)
    const { plan, release } = await this.#data.load(document, store, where)
    try {
      await checkMemory([plan], engine, 1).catch((error: unknown) => {
        this.#segments.makeRoom()
        throw new OutOfRoom(messageOf(error), { cause: error })
      })
      const state = job.state ? await readStates(store, job.state, plan) : undefined
      const checkpoints = new BlobCheckpoints(store, job, mostStateBytes(plan))
      const failures: unknown[] = []
      this.#checkpoints.set(stage, tellingOf(checkpoints, failures))
      running.begin(this.#trainer.start({ ...hooks, ...settingsOf(job), plan, state }))
      const outcome = await running.train()
      if (failures.length > 0) throw new Error(messageOf(failures[0]))
      if (outcome.status === 'interrupted') return { status: 'interrupted' }
      // As a lost machine: another one may do better.
      if (outcome.status === 'failed' && outcome.mayRetry) throw new Error(outcome.error)
      const kept = await putOutcome(store, outcome, plan, numerics)
      await checkpoints.clear()
      return { status: outcome.status, outcome: kept }
    } finally {
      running.end()
      this.#checkpoints.delete(stage)
      release()
    }
  }

  #checkpointsOf(hash: string): Checkpoints {
    const checkpoints = this.#checkpoints.get(hash)
    if (checkpoints === undefined) throw new Error(`no job trains ${hash}`)
    return checkpoints
  }
}

function checkNumerics({ numerics, title }: QueueJob, engine: Engine): void {
  if (numerics === engine.numerics) return
  throw new UserError(`${title.name} is for engines of ${numerics}, and this one computes ${engine.numerics}`)
}

/** A job that may be stopped before its training begins. */
class Running {
  training: StageTraining | undefined
  #stopped = false

  begin(training: StageTraining): void {
    this.training = training
    if (this.#stopped) training.stop()
  }

  async train() {
    if (this.training === undefined) throw new Error('it has not begun')
    return this.training.run()
  }

  end(): void {
    this.training = undefined
  }

  stop(): void {
    this.#stopped = true
    this.training?.stop()
  }
}

/** Notes why checkpoints could not be looked for: then another try may find one. */
function tellingOf(checkpoints: BlobCheckpoints, failures: unknown[]): Checkpoints {
  return {
    place: checkpoints.place,
    save: (checkpoint) => checkpoints.save(checkpoint),
    async latest(wanted, onDamaged) {
      try {
        return await checkpoints.latest(wanted, onDamaged)
      } catch (error) {
        failures.push(error)
        throw error
      }
    },
  }
}

function settingsOf({ stage, title, checkpointSeconds, stallSeconds }: StageJob) {
  return { ref: { hash: stage, ...title }, checkpointSeconds, stallSeconds }
}

/**
 * The blob comes before the name that tells of it. What failed has no name: whoever asks for it again has it tried
 * again.
 */
async function putOutcome(
  store: BlobStore,
  outcome: FinalOutcome,
  plan: TrainingPlan,
  numerics: string,
): Promise<Content> {
  const bytes = encodeOutcome(outcome, { plan, numerics })
  if (outcome.status === 'failed') return putContent(store, bytes)
  const blob = await putBlob(store, bytes)
  await writePointer(store, nameOf('results', { stage: plan.hash, numerics }), blob)
  return blob
}

async function readStates(store: BlobStore, content: Content, plan: TrainingPlan): Promise<StateValues> {
  const where = `what ${plan.name} starts from`
  const bytes = await readContent(store, content, mostOutcomeBytes(plan))
  return valuesOf(decodeSafetensors(bytes, where).tensors)
}

/** Of one file of a checkpoint: names of states, their shapes, and rows of epochs are in it, too. */
export function mostStateBytes({ training, epochs }: TrainingPlan): number {
  const { states } = training.program.program
  return states.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0) + 2 ** 24 + 2 ** 12 * epochs
}
