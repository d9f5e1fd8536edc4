/** Whether the trainings of one time fit into memory, before anything is begun. */
import { UserError } from '@gradpool/core'
import { sizeOf, type Engine } from '@gradpool/core/engine'
import process from 'node:process'
import type { TrainingPlan } from '../plan/training-plan.js'
import { compileStrategy } from '../strategies/compile-strategy.js'
import type { TrainingStrategy } from '../strategies/training-strategy.js'

/** Below this, no machine on which an engine starts is short of memory. */
const LITTLE_BYTES = 256e6

/** A copy for a checkpoint, one of the best, and the file that is written. */
const COPIES = 4

/**
 * @param workers the most trainings that run at one time
 * @throws UserError with the number of bytes, when they do not fit the engine or this machine
 */
export async function checkMemory(plans: readonly TrainingPlan[], engine: Engine, workers: number): Promise<void> {
  const sizes = new Map(plans.map((plan) => [plan, neededBytes(plan)]))
  const sizeOfPlan = (plan: TrainingPlan) => sizes.get(plan) ?? 0
  const largest = [...plans].sort((a, b) => sizeOfPlan(b) - sizeOfPlan(a)).slice(0, workers)
  const needed = largest.reduce((sum, plan) => sum + sizeOfPlan(plan), 0)
  if (needed < LITTLE_BYTES) return
  const available = process.availableMemory()
  if (needed > available) {
    throw new UserError(
      `training needs about ${megabytes(needed)} for the states of ${countOf(largest)}, ` +
        `and ${megabytes(available)} are available`,
    )
  }
  await compileAll(largest, engine)
}

/** The engine says itself when it has no room. */
async function compileAll(plans: readonly TrainingPlan[], engine: Engine): Promise<void> {
  const strategies: TrainingStrategy[] = []
  try {
    for (const plan of plans) strategies.push(await compileStrategy(engine, plan, { workers: 1 }))
  } finally {
    const executions = strategies.flatMap((strategy) => strategy.executions)
    for (const execution of executions.reverse()) execution.dispose()
    for (const { feeds } of strategies) for (const feed of feeds) await feed.close()
  }
}

/** Replicas have states of their own beside those of the model. */
function neededBytes(plan: TrainingPlan): number {
  return (COPIES + (plan.averaging?.replicas.length ?? 0)) * stateBytes(plan)
}

function stateBytes({ training }: TrainingPlan): number {
  const { states } = training.program.program
  return states.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0)
}

function countOf({ length }: readonly TrainingPlan[]): string {
  return length === 1 ? 'one training' : `${length} trainings at one time (fewer workers need less)`
}

function megabytes(numBytes: number): string {
  return `${(numBytes / 1e6).toFixed(0)} MB`
}
