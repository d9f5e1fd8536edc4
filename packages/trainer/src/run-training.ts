/** One plan from start to end, in a pool of its own: tried again where a thread dies, stopped by a signal. */
import type { Engine, StateValues } from '@gradpool/core'
import type { Checkpoint } from './checkpoints/checkpoint.js'
import type { TrainingPlan } from './plan/training-plan.js'
import { usefulWorkers } from './strategies/compile-strategy.js'
import { enginePool } from './threads/engine-pool.js'
import { ThreadBudget } from './threads/thread-budget.js'
import { Training, type TrainingOptions } from './training/training.js'
import type { TrainingOutcome } from './training/training-outcome.js'
import { withRetries } from './training/with-retries.js'

export interface RunTrainingOptions extends Pick<TrainingOptions, 'onEpoch'> {
  readonly engine: Engine
  /** The most threads; fewer are used where that is faster. They decide how long it takes, and nothing else. */
  readonly workers: number
  /** First values of some or all states; the others start from their initializers. */
  readonly state?: StateValues | undefined
  /** Stops the training within a step. */
  readonly signal?: AbortSignal | undefined
  /** Told of what is wrong but stops nothing, such as a thread that died; its steps are done again. */
  readonly onWarning: (message: string) => void
}

/** As `runExperiments` has it. */
const STALL_SECONDS = 120
/** Once an epoch is enough where nothing is written; a week. */
const CHECKPOINT_SECONDS = 604_800

/**
 * @throws the signal's reason, when it was aborted
 * @throws Error with one sentence, when the loss is not finite or threads die again and again
 */
export async function runTraining(
  plan: TrainingPlan,
  { engine, workers: most, state, signal, onEpoch, onWarning }: RunTrainingOptions,
): Promise<TrainingOutcome & { readonly status: 'done' }> {
  const workers = usefulWorkers(plan, most)
  const pool = enginePool(engine, workers, onWarning)
  let from: Checkpoint | undefined
  const once = async (): Promise<TrainingOutcome> => {
    const training = new Training({
      ...{ plan, engine, pool, workers, state, from, onEpoch, onWarning },
      budget: new ThreadBudget(workers),
      checkpointSeconds: CHECKPOINT_SECONDS,
      stallSeconds: STALL_SECONDS,
      save(checkpoint) {
        from = checkpoint
        return Promise.resolve()
      },
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
    const outcome = await withRetries(once, onWarning)
    signal?.throwIfAborted()
    if (outcome.status === 'done') return outcome
    throw new Error(outcome.status === 'failed' ? outcome.error : 'the training was interrupted')
  } finally {
    await pool.close()
  }
}
