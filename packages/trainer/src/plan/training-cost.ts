/**
 * What the parts of a training cost beside each other, by a rough model: seconds on one thread of an AVX-512 core. It
 * only serves to foresee how long something takes of which nothing was measured yet, from what was measured of others.
 */
import { flopsOf, stepsPerEpochOf, type BatchProgram } from '@gradpool/core/engine'
import { usefulWorkers } from '../strategies/compile-strategy.js'
import type { TrainingPlan } from './training-plan.js'

export interface TrainingCost {
  readonly epochs: number
  /** The steps of an epoch. */
  readonly training: number
  /** What follows each epoch. */
  readonly validation: number
  /** Once, at the end. */
  readonly test: number
  /** The most threads that make it faster. */
  readonly threads: number
}

const SECONDS_PER_OPERATION = 1e-11
/** That a step takes however little it computes. */
const SECONDS_PER_STEP = 1e-5

export function trainingCost(plan: TrainingPlan, workers: number): TrainingCost {
  const passes = plan.averaging?.replicas ?? [plan.training]
  return {
    epochs: plan.epochs,
    training: passes.reduce((sum, { program }) => sum + passCost(program), 0),
    validation: plan.validation ? passCost(plan.validation.program) : 0,
    test: plan.test ? passCost(plan.test.program) : 0,
    threads: usefulWorkers(plan, workers),
  }
}

function passCost(pass: BatchProgram): number {
  return stepsPerEpochOf(pass) * (SECONDS_PER_STEP + SECONDS_PER_OPERATION * flopsOf(pass.program))
}
