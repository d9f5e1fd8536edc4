/** Whether the stages that train at one time fit into memory, before anything is begun. */
import { sizeOf, UserError, type Engine, type Execution } from '@gradpool/core'
import type { ExperimentPlan, StagePlan } from '@gradpool/experiments'
import process from 'node:process'
import { compileTraining, executionsOf } from '../training/compile-training.js'
import { stageGraph } from './stage-graph.js'

/** Below this, no machine on which an engine starts is short of memory. */
const LITTLE_BYTES = 256e6

/** A copy for a checkpoint, one of the best, and the file that is written. */
const COPIES = 4

/** @throws UserError with the number of bytes, when they do not fit the engine or this machine */
export async function checkMemory(
  plans: readonly ExperimentPlan[],
  engine: Engine,
  workers: number,
): Promise<void> {
  const stages = [...stageGraph(plans).values()].map(({ plan }) => plan)
  const largest = stages.sort((a, b) => neededBytes(b) - neededBytes(a)).slice(0, workers)
  const needed = largest.reduce((sum, plan) => sum + neededBytes(plan), 0)
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
async function compileAll(plans: readonly StagePlan[], engine: Engine): Promise<void> {
  const executions: Execution[] = []
  try {
    for (const plan of plans) {
      const training = await compileTraining(engine, plan, { workers: 1 })
      executions.push(...executionsOf(training))
    }
  } finally {
    for (const execution of executions.reverse()) execution.dispose()
  }
}

/** Replicas have states of their own beside those of the model. */
function neededBytes(plan: StagePlan): number {
  return (COPIES + (plan.averaging?.replicas.length ?? 0)) * stateBytes(plan)
}

function stateBytes({ training }: StagePlan): number {
  const { states } = training.program.program
  return states.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0)
}

function countOf({ length }: readonly StagePlan[]): string {
  return length === 1 ? 'one stage' : `${length} stages at one time (fewer workers need less)`
}

function megabytes(numBytes: number): string {
  return `${(numBytes / 1e6).toFixed(0)} MB`
}
