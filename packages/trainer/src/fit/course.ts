/**
 * The course of a training: on worker threads, from where its folder says, to its end or the signal's abort. It calls back,
 * draws the progress line, and writes checkpoints. A thread that dies costs time, not the training.
 */
import { UserError, type Engine, type StateValues } from '@gradpool/core'
import { STUCK } from '@gradpool/worker-pool'
import type { Checkpoint } from '../checkpoints/checkpoint.js'
import { checkpointWriter } from '../checkpoints/checkpoint-writer.js'
import type { EpochRow } from '../metrics/epoch-row.js'
import type { TrainingPlan } from '../plan/training-plan.js'
import { openEnginePool, type EnginePool } from '../threads/engine-pool.js'
import { ThreadBudget } from '../threads/thread-budget.js'
import { Training } from '../training/training.js'
import type { TrainingOutcome } from '../training/training-outcome.js'
import type { Callbacks } from './callbacks.js'
import type { DoneTraining, FitDirectory } from './fit-directory.js'
import type { EpochEvent, StepProgress } from './fit-types.js'
import { weightsOf } from './fitted.js'
import { ProgressLine } from './progress-line.js'
import { usefulWorkers } from './useful-workers.js'

export interface CourseOptions {
  readonly plan: TrainingPlan
  readonly engine: Engine
  readonly state: StateValues | undefined
  /** The most threads. */
  readonly workers: number
  readonly callbacks: Callbacks
  readonly directory: FitDirectory | undefined
  readonly checkpointSeconds: number
  readonly signal: AbortSignal | undefined
  /** Whether to draw a line on stderr. */
  readonly progress: boolean
  readonly onStep: ((progress: StepProgress) => unknown) | undefined
  readonly onEpoch: ((event: EpochEvent<EpochRow>) => unknown) | undefined
}

type Done = TrainingOutcome & { readonly status: 'done' }

/** How often it is resumed when a thread dies. */
const MOST_TRIES = 3
const STALL_SECONDS = 120
/** Once an epoch is enough where nothing is written; a week. */
const NEVER_SECONDS = 604_800
/** Between two looks at the progress. */
const LOOK_MS = 100

export class Course {
  readonly #options: CourseOptions
  readonly #workers: number
  readonly #pool: EnginePool
  readonly #save: (checkpoint: Checkpoint) => Promise<void>
  #from: Checkpoint | undefined
  #isToldToStop = false

  constructor(options: CourseOptions) {
    this.#options = options
    const { plan, engine, workers, directory, callbacks } = options
    this.#workers = usefulWorkers(plan, workers)
    this.#pool = openEnginePool(engine, {
      workers: this.#workers,
      onError: ({ message }) => callbacks.warn(`a worker thread: ${message}`),
      onStuck: () => callbacks.warn(STUCK),
    })
    const write = directory && checkpointWriter(directory.checkpoints, '', callbacks.warn)
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
    const { callbacks, directory, signal } = this.#options
    try {
      this.#from = await directory?.checkpoints.latest(callbacks.warn)
      for (let tries = 1; ; tries++) {
        const outcome = await this.#once()
        signal?.throwIfAborted()
        if (outcome.status === 'done') return this.#done(outcome)
        if (outcome.status === 'interrupted') throw new Error('the training was interrupted')
        if (!outcome.mayRetry) throw new UserError(outcome.error)
        if (tries === MOST_TRIES) throw new Error(outcome.error)
        callbacks.warn(`${outcome.error}; it is resumed from the last checkpoint`)
      }
    } finally {
      await this.#pool.close()
    }
  }

  async #once(): Promise<TrainingOutcome> {
    const { plan, engine, state, callbacks, signal, onEpoch, directory } = this.#options
    const training = new Training({
      ...{ plan, engine, state, from: this.#from, save: this.#save, pool: this.#pool },
      workers: this.#workers,
      budget: new ThreadBudget(this.#workers),
      checkpointSeconds: directory ? this.#options.checkpointSeconds : NEVER_SECONDS,
      stallSeconds: STALL_SECONDS,
      onThreads: () => undefined,
      onWarning: callbacks.warn,
      onEpoch: (row, _, read) => {
        const stop = () => {
          this.#isToldToStop = true
          training.endAfterEpoch()
        }
        callbacks.call('onEpoch', onEpoch, { row, stop, weights: () => weightsOf(read()) })
      },
    })
    const stop = () => training.stop()
    signal?.addEventListener('abort', stop, { once: true })
    if (signal?.aborted === true) stop()
    const endWatch = this.#watch(training)
    try {
      return await training.run()
    } finally {
      endWatch()
      signal?.removeEventListener('abort', stop)
    }
  }

  /** Looks at the progress from time to time, for those who want to know. */
  #watch(training: Training): () => void {
    const { callbacks, onStep, progress: isDrawn } = this.#options
    if (onStep === undefined && !isDrawn) return () => undefined
    const line = isDrawn ? new ProgressLine(process.stderr) : undefined
    const timer = setInterval(() => {
      const seen = training.progress()
      if (seen === undefined) return
      const progress = this.#stepProgress(seen)
      line?.draw(progress)
      callbacks.call('onStep', onStep, progress)
    }, LOOK_MS)
    return () => {
      clearInterval(timer)
      line?.clear()
    }
  }

  #stepProgress(seen: NonNullable<ReturnType<Training['progress']>>): StepProgress {
    const { epoch, step, steps, loss, elapsedSeconds } = seen
    const { epochs } = this.#options.plan
    const stepsPerSecond = step / elapsedSeconds
    const secondsLeft = step > 0 ? (steps - step) / stepsPerSecond : NaN
    return { epoch, epochs, step, steps, loss, stepsPerSecond, secondsLeft }
  }

  #done({ state, epochs, seconds, bestEpoch }: Done): DoneTraining {
    const isEarly = epochs.length < this.#options.plan.epochs
    const early = this.#isToldToStop ? 'stopped' : 'earlyStopping'
    return {
      ...{ states: state, history: epochs, seconds, bestEpoch },
      reason: isEarly ? early : 'epochs',
    }
  }
}
