/** A training whose thread ended is resumed from its last checkpoint, a few times. */
import type { TrainingOutcome } from './training-outcome.js'

const MOST_TRIES = 3

/** @param onWarning Told in one sentence of each failure after which it is tried again. */
export async function withRetries(
  train: () => Promise<TrainingOutcome>,
  onWarning: (message: string) => void,
): Promise<TrainingOutcome> {
  for (let tries = 1; ; tries++) {
    const outcome = await train()
    if (outcome.status !== 'failed' || !outcome.mayRetry || tries === MOST_TRIES) return outcome
    onWarning(`${outcome.error}; it is resumed from the last checkpoint`)
  }
}
