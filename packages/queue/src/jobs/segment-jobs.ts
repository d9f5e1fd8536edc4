/**
 * Trains segments: replicas' parts of rounds of averaging. What a replica needs is loaded and compiled once, and kept
 * for its next rounds as long as there is room.
 */
import { UserError } from '@gradpool/core'
import type { Engine } from '@gradpool/core/engine'
import { messageOf, sha256 } from '@gradpool/storage'
import { checkMemory, type EnginePool, SegmentTrainer, type ThreadBudget } from '@gradpool/trainer'
import type { Pass } from '@gradpool/trainer/plan'
import { readContent } from '../documents/content.js'
import { decodePlan, MOST_PLAN_BYTES, type PlanDocument } from '../documents/plan-document.js'
import { nameOf, writePointer } from '../documents/pointers.js'
import { decodeRound, encodeSegment, mostSegmentBytes } from '../documents/segment-document.js'
import type { Content, SegmentJob } from '../job.js'
import { hashOf, segmentName } from '../queue/job-id.js'
import type { BlobStore } from '../store/blob-store.js'
import { HeldValues } from './held-values.js'
import type { JobEnd } from './job-runner.js'
import { OutOfRoom, type StageData } from './stage-data.js'
import { findSegment } from './store-documents.js'

export interface SegmentJobsOptions {
  readonly engine: Engine
  readonly pool: EnginePool
  readonly budget: ThreadBudget
  readonly workers: number
  readonly data: StageData
  /** Of replicas that are kept compiled. */
  readonly mostBytes: number
}

/** Beside the states: gradients and activations. */
const SCRATCH_STATES = 2
const SCRATCH_BYTES = 2 ** 20

export class SegmentJobs {
  readonly #options: SegmentJobsOptions
  readonly #replicas: HeldValues<Replica>

  constructor(options: SegmentJobsOptions) {
    this.#options = options
    this.#replicas = new HeldValues({ mostBytes: options.mostBytes, free: (replica) => replica.dispose() })
  }

  /** @param signal ends it within a step; nothing of it is kept then */
  async end(job: SegmentJob, store: BlobStore | Promise<BlobStore>, signal: AbortSignal): Promise<JobEnd> {
    try {
      const outcome = await this.#train(job, await store, signal)
      return outcome ? { status: 'done', outcome } : { status: 'interrupted' }
    } catch (error) {
      // Nobody wants it any longer, and what it starts from may be gone.
      if (signal.aborted) return { status: 'interrupted' }
      throw error
    }
  }

  /** Lets go of what no job holds. */
  makeRoom(): void {
    this.#replicas.makeRoom()
  }

  async #train(job: SegmentJob, store: BlobStore, signal: AbortSignal): Promise<Content | undefined> {
    if (signal.aborted) return undefined
    const { plan, replica, state } = job
    const key = `${hashOf(plan)} ${replica}`
    const stateBytes = 'blob' in state ? state.bytes : state.inline.length
    const bytes = (1 + SCRATCH_STATES) * stateBytes + SCRATCH_BYTES
    const held = await this.#replicas.take(key, bytes, () => this.#load(job, store))
    try {
      return await held.inTurn(() => trainOn(held, job, store, signal))
    } finally {
      this.#replicas.give(key)
    }
  }

  async #load(job: SegmentJob, store: BlobStore): Promise<Replica> {
    const { engine, pool, budget, workers, data } = this.#options
    const { replica } = job
    const where = `the plan of ${job.title.name}`
    const document = decodePlan(await readContent(store, job.plan, MOST_PLAN_BYTES), where)
    if (document.plan.hash !== job.stage) throw new UserError(`${where} is of another stage`)
    const { plan, release } = await data.load(onlyOf(document, replica, where), store, where)
    try {
      await checkMemory([plan], engine, 1).catch((error: unknown) => {
        this.makeRoom()
        throw new OutOfRoom(messageOf(error), { cause: error })
      })
      const options = { engine, pool, budget, workers, seed: plan.seed, replica, pass: plan.training }
      return new Replica(plan.training, () => SegmentTrainer.compile(options), release)
    } catch (error) {
      release()
      throw error
    }
  }
}

/** Looks in the store first: a copy may have been done. */
async function trainOn(
  replica: Replica,
  job: SegmentJob,
  store: BlobStore,
  signal: AbortSignal,
): Promise<Content | undefined> {
  const { program } = replica.pass
  const { title, numerics, step, steps, stallSeconds } = job
  const segment = segmentName(job)
  const reading = readContent(store, job.state, mostSegmentBytes(program))
  // What was done is not in need of it.
  reading.catch(() => undefined)
  const before = await findSegment(store, segment, numerics)
  if (before) return before
  const states = decodeRound(await reading, program.program, job.stage, `the states of ${title.name}`)
  if (signal.aborted) return undefined
  const trainer = await replica.trainer()
  const stop = () => trainer.stop()
  signal.addEventListener('abort', stop)
  try {
    const result = await trainer.run({ states, step, steps }, stallSeconds)
    if (result === undefined) return undefined
    const bytes = encodeSegment(result, program.program, segment)
    const outcome = { blob: sha256(bytes), bytes: bytes.length }
    // At once, as a round waits for both: a name whose blob is not there yet is as none.
    await Promise.all([
      store.put(bytes),
      writePointer(store, nameOf('segments', { stage: segment, numerics }), outcome),
    ])
    return outcome
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** The replica's part of a plan alone: others' examples, and those of the validation, are not loaded. */
function onlyOf({ plan, averaging }: PlanDocument, replica: number, where: string): PlanDocument {
  const pass = averaging?.replicas[replica]
  if (pass === undefined) throw new UserError(`${where} has no replica ${replica}`)
  return { plan, passes: new Map([['training', pass]]), averaging: undefined }
}

/** A replica whose data are in the engine's memory, and which trains one segment at a time. */
class Replica {
  readonly pass: Pass
  readonly #compile: () => Promise<SegmentTrainer>
  readonly #release: () => void
  #trainer: SegmentTrainer | undefined
  #last: Promise<unknown> = Promise.resolve()

  constructor(pass: Pass, compile: () => Promise<SegmentTrainer>, release: () => void) {
    this.pass = pass
    this.#compile = compile
    this.#release = release
  }

  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const made = this.#last.then(work)
    this.#last = made.catch(() => undefined)
    return made
  }

  async trainer(): Promise<SegmentTrainer> {
    if (this.#trainer?.isUsable !== true) this.#trainer = await this.#compile()
    return this.#trainer
  }

  dispose(): void {
    this.#trainer?.dispose()
    this.#release()
  }
}
