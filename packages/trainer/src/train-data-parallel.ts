/**
 * One training on all cores, without experiments, files or a run directory.
 */
import {
  train,
  UserError,
  type AverageOptions,
  type Engine,
  type Split,
  type Model,
  type StateValues,
  type TrainOptions,
} from '@gradpool/core'
import type { EpochRow } from './metrics/epoch-row.js'
import { averaged } from './plan/averaged.js'
import type { TrainingPlan } from './plan/training-plan.js'
import { passWork } from './plan/work.js'
import { runTraining } from './run-training.js'

export interface DataParallelOptions extends Omit<TrainOptions, 'data'> {
  readonly engine: Engine
  readonly data: Split
  /** The most threads; fewer are used where that is faster. They decide how long it takes, and nothing else. */
  readonly workers: number
  /** Parts of a batch whose gradients are added up in order. Default: 1. */
  readonly microBatches?: number
  /**
   * Trains replicas apart, each with weights of its own and `batchSize` of its own examples a step, and averages them
   * from time to time. `batchSize` is that of the whole otherwise.
   */
  readonly average?: AverageOptions
  readonly epochs: number
  /** Keys initial weights, orders and dropout. Default: 0. */
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

/**
 * Trains a model on several threads, which share the work of each step. The weights are the same, bit for bit, for any
 * number of workers.
 *
 * @throws UserError for options out of range or a model that cannot be trained
 * @throws as `runTraining`
 */
export async function trainDataParallel(
  model: Model,
  options: DataParallelOptions,
): Promise<Trained> {
  const { data, workers, microBatches = 1, epochs, seed = 0, average } = options
  for (const [name, count] of Object.entries({ workers, epochs })) {
    if (!Number.isInteger(count) || count < 1) {
      throw new UserError(`${name} must be a whole number of at least 1, not ${String(count)}`)
    }
  }
  const training = average
    ? averaged(data, average, microBatches, (part) =>
        train(model, { ...options, data: part, microBatches: 1 }),
      )
    : { training: { program: train(model, { ...options, microBatches }), data } }
  const { program } = training.training
  const plan: TrainingPlan = {
    ...{ name: 'training', hash: program.program.hash, seed, epochs, keep: 'last', ...training },
    work: epochs * passWork(program),
  }
  const { engine, state, signal, onEpoch, onWarning = () => undefined } = options
  const outcome = await runTraining(plan, {
    ...{ engine, workers, state, signal, onWarning },
    onEpoch: (row, _, read) => onEpoch?.(row, () => weightsOf(read())),
  })
  return {
    weights: weightsOf(outcome.state),
    epochs: outcome.epochs,
    seconds: outcome.seconds,
  }
}

function weightsOf(state: StateValues): Record<string, Float32Array> {
  const weights = Object.entries(state).filter(([name]) => !name.startsWith('optimizer/'))
  return Object.fromEntries(weights)
}
