/** How many threads a training gains by: sharing a step costs some time, which small steps do not give back. */
import { stepWork } from '../plan/work.js'
import type { TrainingPlan } from '../plan/training-plan.js'

/** Operations of a step below which a thread more makes it slower: some 30 µs of one core. */
const WORK_PER_WORKER = 2.5e6

/** @param most the number that was asked for */
export function usefulWorkers({ training, averaging }: TrainingPlan, most: number): number {
  // Replicas train apart, each on one thread.
  if (averaging) return Math.min(most, averaging.replicas.length)
  const useful = Math.floor(stepWork(training.program.program) / WORK_PER_WORKER)
  return Math.max(1, Math.min(most, useful))
}
