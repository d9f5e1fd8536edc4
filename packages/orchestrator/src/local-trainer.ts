/** Trains stages on threads of this process. */
import type { Engine } from '@gradpool/core/engine'
import { reasonOf } from '@gradpool/storage'
import {
  checkpointWriter,
  ThreadBudget,
  Training,
  withRetries,
  type Checkpoint,
  type Checkpoints,
  type EnginePool,
  type RunSegments,
  type TrainingOutcome,
  type TrainingProfile,
  type TrainingProgress,
} from '@gradpool/trainer'
import type { StageRef } from './runs/run-result.js'
import type { ReadyStage, StageTrainer, StageTraining } from './stage-trainer.js'

export interface LocalTrainerOptions {
  readonly engine: Engine
  readonly pool: EnginePool
  /** Threads of the pool, and so the most stages that train at one time. */
  readonly workers: number
  /** Of these threads, where others train on them, too. */
  readonly budget?: ThreadBudget
  /** What trains a stage's replicas elsewhere, where it has any; without it, threads of the pool do. */
  readonly segments?: (stage: ReadyStage) => RunSegments
  /** Those of a stage, by its hash. */
  readonly checkpoints: (hash: string) => Checkpoints
  readonly onProfile?: OnProfile | undefined
}

/** Told of a stage that ends what some of its steps spent their time on. */
export type OnProfile = (stage: StageRef, profiles: readonly TrainingProfile[]) => void

export class LocalTrainer implements StageTrainer {
  readonly #options: LocalTrainerOptions
  readonly #budget: ThreadBudget

  constructor(options: LocalTrainerOptions) {
    this.#options = options
    this.#budget = options.budget ?? new ThreadBudget(options.workers)
  }

  get limit(): number {
    return this.#options.workers
  }

  start(stage: ReadyStage): StageTraining {
    return new LocalTraining(stage, this.#options, this.#budget)
  }

  async close(): Promise<void> {
    await this.#options.pool.close()
  }
}

/** One that goes on from its last checkpoint. */
class LocalTraining implements StageTraining {
  readonly #stage: ReadyStage
  readonly #options: LocalTrainerOptions
  readonly #budget: ThreadBudget
  #training: Training | undefined
  #stopped = false

  constructor(stage: ReadyStage, options: LocalTrainerOptions, budget: ThreadBudget) {
    this.#stage = stage
    this.#options = options
    this.#budget = budget
  }

  run(): Promise<TrainingOutcome> {
    return withRetries(() => this.#once(), this.#stage.onWarning)
  }

  stop(): void {
    this.#stopped = true
    this.#training?.stop()
  }

  progress(): TrainingProgress | undefined {
    return this.#training?.progress()
  }

  async #once(): Promise<TrainingOutcome> {
    const { engine, pool, workers, segments, onProfile, ...options } = this.#options
    const { plan, ref, state, checkpointSeconds, stallSeconds, ...stage } = this.#stage
    const checkpoints = options.checkpoints(plan.hash)
    let from: Checkpoint | undefined
    try {
      from = await checkpoints.latest({ hash: plan.hash, numerics: engine.numerics }, stage.onWarning)
    } catch (error) {
      // To begin anew would be to lose what may be there.
      const reason = `${plan.name}: cannot read '${checkpoints.place}': ${reasonOf(error)}`
      return { status: 'failed', error: reason, mayRetry: false, epochs: [], seconds: 0 }
    }
    stage.onStarted(from?.position.step ?? 0)
    const training = new Training({
      plan,
      engine,
      pool,
      workers,
      state,
      from,
      checkpointSeconds,
      stallSeconds,
      budget: this.#budget,
      runSegments: segments?.(this.#stage),
      ...(plan.retrace && { retrace: plan.retrace }),
      save: checkpointWriter(checkpoints, `${plan.name}: `, stage.onWarning),
      onEpoch: (row, elapsedSeconds) => stage.onEpoch(row, elapsedSeconds),
      onThreads: stage.onThreads,
      onWarning: stage.onWarning,
      ...(onProfile && { onProfile: (profiles) => onProfile(ref, profiles) }),
    })
    this.#training = training
    if (this.#stopped) training.stop()
    const outcome = await training.run()
    this.#training = undefined
    return outcome
  }
}
