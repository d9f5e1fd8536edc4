/**
 * Trains stages whose replicas are averaged over all machines of a queue: this process averages, validates and keeps
 * checkpoints, and the replicas' parts of each round are jobs. Other stages are one job each.
 */
import type { Engine } from '@gradpool/core/engine'
import { LocalTrainer, type ReadyStage, type StageTrainer, type StageTraining } from '@gradpool/orchestrator'
import { enginePool, type TrainingOutcome } from '@gradpool/trainer'
import { BlobCheckpoints } from '../documents/blob-checkpoints.js'
import { mostStateBytes } from '../jobs/stage-job-runner.js'
import type { BlobStore } from '../store/blob-store.js'
import { SegmentRounds, type SegmentQueue, type SegmentRoundsOptions } from './segment-rounds.js'

export interface SpreadTrainerOptions extends Pick<SegmentRoundsOptions, 'lateSeconds'> {
  readonly queue: StageTrainer & SegmentQueue
  readonly engine: Engine
  /** Threads of this process, and so the most stages that it averages at one time. */
  readonly workers: number
  readonly store: BlobStore
  readonly onWarning: (message: string) => void
}

interface Spread {
  readonly rounds: SegmentRounds
  readonly checkpoints: BlobCheckpoints
}

export class SpreadTrainer implements StageTrainer {
  readonly #options: SpreadTrainerOptions
  readonly #local: LocalTrainer
  /** By the hash of the stage. */
  readonly #spread = new Map<string, Spread>()
  #numFree: number
  readonly #waiting: (() => void)[] = []

  constructor(options: SpreadTrainerOptions) {
    this.#options = options
    const { engine, workers, onWarning } = options
    this.#numFree = workers
    this.#local = new LocalTrainer({
      engine,
      workers,
      pool: enginePool(engine, workers, onWarning),
      checkpoints: (hash) => this.#spreadOf(hash).checkpoints,
      segments: ({ ref }) => this.#spreadOf(ref.hash).rounds.run,
    })
  }

  get limit(): number {
    return this.#options.queue.limit
  }

  start(stage: ReadyStage): StageTraining {
    if (stage.plan.averaging === undefined) return this.#options.queue.start(stage)
    const training = this.#local.start(stage)
    return {
      run: () => this.#run(stage, training),
      stop: () => training.stop(),
      progress: () => training.progress(),
    }
  }

  async close(): Promise<void> {
    await this.#options.queue.close()
    await this.#local.close()
  }

  async #run(stage: ReadyStage, training: StageTraining): Promise<TrainingOutcome> {
    if (this.#numFree === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#numFree--
    const { store, engine, queue, lateSeconds } = this.#options
    const { numerics } = engine
    const { hash } = stage.ref
    const late = lateSeconds === undefined ? {} : { lateSeconds }
    const rounds = new SegmentRounds({ queue, store, stage, numerics, ...late })
    const checkpoints = new BlobCheckpoints(store, { stage: hash, numerics }, mostStateBytes(stage.plan))
    this.#spread.set(hash, { rounds, checkpoints })
    try {
      const outcome = await training.run()
      if (outcome.status !== 'interrupted') await rounds.close()
      if (outcome.status === 'done') await checkpoints.clear()
      return outcome
    } finally {
      this.#spread.delete(hash)
      const next = this.#waiting.shift()
      if (next) next()
      else this.#numFree++
    }
  }

  #spreadOf(hash: string): Spread {
    const spread = this.#spread.get(hash)
    if (spread === undefined) throw new Error(`no stage ${hash} is trained`)
    return spread
  }
}
