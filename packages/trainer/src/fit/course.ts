/**
 * The course of a training: on worker threads, from where its folder says, to its end or the
 * signal's abort. It calls back, draws the progress line, and writes checkpoints. A thread that
 * dies costs time, not the training.
 */
import { UserError } from '@gradpool/core'
import { stepsPerEpochOf, type Engine, type StateValues } from '@gradpool/core/engine'
import { nodeProcess } from '@gradpool/core/node-module'
import type { Checkpoint } from '../checkpoints/checkpoint.js'
import { checkpointWriter, type CheckpointStore } from '../checkpoints/checkpoint-store.js'
import type { EpochRow } from '../metrics/epoch-row.js'
import { trainingCost } from '../plan/training-cost.js'
import type { TrainingPlan } from '../plan/training-plan.js'
import { usefulWorkers } from '../strategies/compile-strategy.js'
import { enginePool, type EnginePool } from '../threads/engine-pool.js'
import { ThreadBudget } from '../threads/thread-budget.js'
import { Pace } from '../training/pace.js'
import { Training, type TrainingOptions } from '../training/training.js'
import { DoneEpochs } from '../training/done-epochs.js'
import type { TrainingOutcome, TrainingProgress } from '../training/training-outcome.js'
import { withRetries } from '../training/with-retries.js'
import { logOf } from '../sinks/log.js'
import type { SinkFeed } from '../sinks/sink-feed.js'
import type { Callbacks } from './callbacks.js'
import type { DoneTraining } from './fit-directory.js'
import type { EpochEvent, StepProgress } from './fit-types.js'
import { weightsOf } from './fitted.js'
import { ProgressLine } from './progress-line.js'

export interface CourseOptions {
  readonly plan: TrainingPlan
  readonly engine: Engine
  readonly state: StateValues | undefined
  readonly retrace: TrainingOptions['retrace']
  /** The most threads. */
  readonly workers: number
  readonly callbacks: Callbacks
  readonly feed: SinkFeed
  readonly checkpoints: CheckpointStore | undefined
  /** Where it goes on. */
  readonly from: Checkpoint | undefined
  readonly checkpointSeconds: number
  readonly signal: AbortSignal | undefined
  /** Whether to draw a line on stderr. */
  readonly progress: boolean
  readonly onStep: ((progress: StepProgress) => unknown) | undefined
  readonly onEpoch: ((event: EpochEvent<EpochRow>) => unknown) | undefined
  /** Of the training; where a thread died, of its last part. */
  readonly onProfile: TrainingOptions['onProfile']
}

type Done = TrainingOutcome & { readonly status: 'done' }

const STALL_SECONDS = 120
/** Once an epoch is enough where nothing is written; a week. */
const NEVER_SECONDS = 604_800
/** Between two looks at the progress. */
const LOOK_MS = 100

const now = () => performance.now() / 1000

export class Course {
  readonly #options: CourseOptions
  readonly #workers: number
  readonly #pool: EnginePool
  readonly #save: (checkpoint: Checkpoint) => Promise<void>
  #from: Checkpoint | undefined
  #isToldToStop = false

  constructor(options: CourseOptions) {
    this.#options = options
    const { plan, engine, workers, checkpoints, callbacks } = options
    this.#workers = engine.threads === false ? 1 : usefulWorkers(plan, workers)
    this.#pool = enginePool(engine, this.#workers, callbacks.warn)
    this.#from = options.from
    const write = checkpoints && checkpointWriter(checkpoints, '', callbacks.warn)
    this.#save = async (checkpoint) => {
      this.#from = checkpoint
      await write?.(checkpoint)
    }
  }

  /**
   * @throws the signal's reason where it was aborted; what was done is in the folder then
   * @throws UserError where the training cannot be done, Error where threads die again and again
   */
  async run(): Promise<DoneTraining> {
    const { callbacks, signal } = this.#options
    try {
      const outcome = await withRetries(() => this.#once(), callbacks.warn)
      signal?.throwIfAborted()
      if (outcome.status === 'done') return this.#done(outcome)
      if (outcome.status === 'interrupted') throw new Error('the training was interrupted')
      throw outcome.mayRetry ? new Error(outcome.error) : new UserError(outcome.error)
    } finally {
      await this.#pool.close()
    }
  }

  async #once(): Promise<TrainingOutcome> {
    const { plan, engine, state, retrace, callbacks, feed, signal, onEpoch, checkpoints } = this.#options
    let epoch = 0
    const pace = this.#paceFrom(this.#from)
    const log = logOf(
      (item) => feed.tell('', item),
      () => epoch,
    )
    const training = new Training({
      plan,
      engine,
      state,
      retrace,
      from: this.#from,
      save: this.#save,
      pool: this.#pool,
      workers: this.#workers,
      budget: new ThreadBudget(this.#workers),
      checkpointSeconds: checkpoints ? this.#options.checkpointSeconds : NEVER_SECONDS,
      stallSeconds: STALL_SECONDS,
      onThreads: (threads) => pace.onThreads(threads, now()),
      onProfile: this.#options.onProfile,
      records: false,
      onWarning: callbacks.warn,
      onEpoch: (row, _, read) => {
        const stop = () => {
          this.#isToldToStop = true
          training.endAfterEpoch()
        }
        epoch = row.epoch
        pace.onEpoch(row, now())
        const weights = () => weightsOf(read())
        feed.tell('', { type: 'epoch', row, ...(feed.wantsWeights(epoch) && { weights: weights() }) })
        callbacks.call('onEpoch', onEpoch, { row, stop, weights, log })
      },
    })
    const stop = () => training.stop()
    signal?.addEventListener('abort', stop, { once: true })
    if (signal?.aborted === true) stop()
    const endWatch = this.#watch(training, pace)
    try {
      return await training.run()
    } finally {
      endWatch()
      signal?.removeEventListener('abort', stop)
    }
  }

  /** Looks at the progress from time to time, for those who want to know. */
  #watch(training: Training, pace: Pace): () => void {
    const { callbacks, onStep, progress: isDrawn } = this.#options
    if (onStep === undefined && !isDrawn) return () => undefined
    const stderr = nodeProcess()?.stderr
    const line = isDrawn && stderr ? new ProgressLine(stderr) : undefined
    const timer = setInterval(() => {
      const seen = training.progress()
      if (seen === undefined) return
      const progress = this.#stepProgress(seen, pace)
      line?.draw(progress)
      callbacks.call('onStep', onStep, progress)
    }, LOOK_MS)
    return () => {
      clearInterval(timer)
      line?.clear()
    }
  }

  #stepProgress({ epoch, step, steps, last }: TrainingProgress, pace: Pace): StepProgress {
    const { epochs } = this.#options.plan
    const secondsLeft = pace.secondsLeft(now(), step) ?? NaN
    return { epoch, epochs, step, steps, loss: last.loss ?? NaN, stepsPerSecond: pace.stepsPerSecond(), secondsLeft }
  }

  #paceFrom(from: Checkpoint | undefined): Pace {
    const { plan } = this.#options
    const { epochs, training, validation } = trainingCost(plan, this.#workers)
    const share = training / (training + validation)
    const stepsPerEpoch = stepsPerEpochOf(plan.training.program)
    return new Pace({ epochs, stepsPerEpoch, fromStep: from?.position.step ?? 0, share, began: now() })
  }

  #done({ state, epochs: history, seconds }: Done): DoneTraining {
    const { plan } = this.#options
    const done = new DoneEpochs(plan)
    for (const row of history) done.add(row)
    const early = this.#isToldToStop ? 'stopped' : 'earlyStopping'
    return {
      states: state,
      history,
      seconds,
      bestEpoch: done.best === 0 ? undefined : done.best,
      reason: history.length < plan.epochs ? early : 'epochs',
    }
  }
}
