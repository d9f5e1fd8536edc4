/** What a stage trains: one execution, or replicas whose states are averaged. */
import {
  replicaSeed,
  type CompileOptions,
  type Engine,
  type Execution,
  type StateValues,
} from '@gradpool/core'
import type { StagePlan } from '@gradpool/experiments'
import { Replicas } from './replicas.js'

/** @param workers how many may share a step, or make an average together */
export async function compileTraining(
  engine: Engine,
  { training, averaging, seed }: StagePlan,
  options: { readonly workers: number; readonly state?: StateValues },
): Promise<Execution | Replicas> {
  const given = { ...options, seed }
  if (averaging) return Replicas.compile(engine, averaging, given)
  return engine.compile(training.program, { ...given, data: training.data })
}

/** What an execution of a training is given; each replica has examples and seeds of its own. */
export function givenTo(
  { training, averaging, seed }: StagePlan,
  replica = 0,
): Pick<CompileOptions, 'data' | 'seed'> {
  if (averaging === undefined) return { data: training.data, seed }
  const { data = training.data } = averaging.replicas[replica] ?? {}
  return { data, seed: replicaSeed(seed, replica) }
}

/** How many threads a stage can keep busy. */
export function mostThreads({ training, averaging }: StagePlan): number {
  return averaging?.replicas.length ?? training.program.microBatches ?? 1
}

/** Those that it consists of, what owns the states first. */
export function executionsOf(training: Execution | Replicas): readonly Execution[] {
  return training instanceof Replicas ? training.executions : [training]
}

/** The one whose states evaluations share. */
export function modelOf(training: Execution | Replicas): Execution {
  return training instanceof Replicas ? training.model : training
}

/** Trains the first epoch in this thread. */
export async function runFirstEpoch(training: Execution | Replicas): Promise<void> {
  const { stepsPerEpoch } = training
  if (!(training instanceof Replicas)) {
    await training.run({ steps: stepsPerEpoch })
    return
  }
  while (training.step < stepsPerEpoch) {
    for (const { execution, steps } of training.beginRound().flat()) await execution.run({ steps })
    await training.average.execution.run({ steps: 1 })
    training.endRound()
  }
}
