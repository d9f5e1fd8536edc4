/**
 * One training on all cores, without experiments, files or a run directory.
 */
import {
  train,
  type AverageOptions,
  type Engine,
  type Split,
  type Model,
  type StateValues,
  type TrainOptions,
  UserError,
} from '@gradpool/core'
import { averaged, type StagePlan } from '@gradpool/experiments'
import type { Checkpoint } from './checkpoints/checkpoint.js'
import type { EpochRow } from './runs/run-result.js'
import { ThreadBudget } from './scheduling/thread-budget.js'
import { mostThreads } from './training/compile-training.js'
import { enginePool } from './training/engine-pool.js'
import type { StageOutcome } from './training/stage-outcome.js'
import { StageTraining } from './training/train-stage.js'

export interface DataParallelOptions extends Omit<TrainOptions, 'data'> {
  readonly engine: Engine
  readonly data: Split
  /** Threads. They decide how long it takes, and nothing else. */
  readonly workers: number
  /** Parts of a batch whose gradients are added up in order: the most workers that can share a step. `workers` unless said. */
  readonly microBatches?: number
  /**
   * Trains shards apart, each with weights of its own and `batchSize` of its own examples a step, and averages them
   * from time to time. `batchSize` is that of the whole otherwise.
   */
  readonly average?: AverageOptions
  readonly epochs: number
  /** Keys initial weights, orders and dropout; 0 unless said. */
  readonly seed?: number
  /** First values of some or all states; the others start from their initializers. */
  readonly state?: StateValues
  /** Stops the training within a step. */
  readonly signal?: AbortSignal
  /** @param read gives the parameters and buffers as they are after this epoch */
  readonly onEpoch?: (row: EpochRow, read: () => Trained['weights']) => void
  /** Told of what is wrong but stops nothing, such as a thread that died; its steps are done again. */
  readonly onWarning?: (message: string) => void
}

export interface Trained {
  /** Parameters and buffers by name, row-major. */
  readonly weights: Readonly<Record<string, Float32Array>>
  readonly epochs: readonly EpochRow[]
  readonly seconds: number
}

/** How often it goes on from the last epoch when a thread dies. */
const MOST_TRIES = 3
/** As `runExperiments` has it. */
const STALL_SECONDS = 120
/** Once an epoch is enough where nothing is written; a week. */
const CHECKPOINT_SECONDS = 604_800

/**
 * Trains a stage on several threads, which share the work of each step (`microBatches`). The weights are the same, bit for bit, for any
 * number of workers.
 *
 * @throws UserError for options out of range or a stage that cannot be trained
 * @throws the signal's reason, when it was aborted
 * @throws Error with one sentence, when the loss is not finite or threads die again and again
 */
export async function trainDataParallel(
  stage: Model,
  options: DataParallelOptions,
): Promise<Trained> {
  const { engine, data, workers, microBatches = workers, epochs, seed = 0, state, signal } = options
  for (const [name, count] of Object.entries({ workers, epochs })) {
    if (!Number.isInteger(count) || count < 1) {
      throw new UserError(`${name} must be a whole number of at least 1, not ${String(count)}`)
    }
  }
  const { average } = options
  const training = average
    ? averaged(data, average, options.microBatches ?? (average.parts ? 1 : workers), (part) =>
        train(stage, { ...options, data: part, microBatches: 1 }),
      )
    : { training: { program: train(stage, { ...options, microBatches }), data } }
  const { hash } = training.training.program.program
  const plan: StagePlan = { name: 'training', ...{ hash, seed, epochs, ...training, cost: 1 } }
  const onWarning = options.onWarning ?? (() => undefined)
  const threads = Math.min(workers, mostThreads(plan))
  const pool = enginePool(engine, threads, onWarning)
  let from: Checkpoint | undefined
  const once = async (): Promise<StageOutcome> => {
    const training = new StageTraining({
      ...{ plan, engine, pool, workers: threads, state, from, onWarning },
      budget: new ThreadBudget(threads),
      checkpointSeconds: CHECKPOINT_SECONDS,
      stallSeconds: STALL_SECONDS,
      save(checkpoint) {
        from = checkpoint
        return Promise.resolve()
      },
      onEpoch: (row, _, read) => options.onEpoch?.(row, () => weightsOf(read())),
      onThreads: () => undefined,
    })
    const stop = () => training.stop()
    signal?.addEventListener('abort', stop, { once: true })
    if (signal?.aborted === true) stop()
    try {
      return await training.run()
    } finally {
      signal?.removeEventListener('abort', stop)
    }
  }
  try {
    for (let tries = 1; ; tries++) {
      const outcome = await once()
      signal?.throwIfAborted()
      if (outcome.status === 'done') return trained(outcome)
      const error = outcome.status === 'failed' ? outcome.error : 'the training was interrupted'
      const mayRetry = outcome.status === 'failed' && outcome.mayRetry && tries < MOST_TRIES
      if (!mayRetry) throw new Error(error)
      onWarning(`${error}; it goes on from the last epoch`)
    }
  } finally {
    await pool.close()
  }
}

function trained(outcome: StageOutcome & { status: 'done' }): Trained {
  const { state, epochs, seconds } = outcome
  return { weights: weightsOf(state), epochs, seconds }
}

function weightsOf(state: StateValues): Record<string, Float32Array> {
  const weights = Object.entries(state).filter(([name]) => !name.startsWith('optimizer/'))
  return Object.fromEntries(weights)
}
