/**
 * What the parts of a training cost beside each other, by a rough model: seconds on one thread of an AVX-512 core. It
 * only serves to foresee how long something takes of which nothing was measured yet, from what was measured of others.
 */
import { flopsOf, stepsPerEpochOf, type BatchProgram } from '@gradpool/core/engine'
import { usefulWorkers } from '../strategies/compile-strategy.js'
import type { TrainingPlan } from './training-plan.js'

export interface TrainingCost {
  /** At most, where it may end early. */
  readonly epochs: number
  /** The steps of an epoch. */
  readonly training: number
  /** What follows each epoch, and what it takes to begin one. */
  readonly validation: number
  /** Once, beside the epochs. */
  readonly test: number
  /** The most threads that make it faster. */
  readonly threads: number
  /** By early stopping. */
  readonly mayEndEarly?: boolean
}

const SECONDS_PER_OPERATION = 1e-11
/** That a step takes however little it computes. */
const SECONDS_PER_STEP = 8e-6
/** To hand an epoch to a thread, and to tell of it. */
const SECONDS_PER_EPOCH = 5e-4
/** To compile, and to write what was trained. */
const SECONDS_PER_TRAINING = 0.02

export function trainingCost(plan: TrainingPlan, workers: number): TrainingCost {
  const passes = plan.averaging?.replicas ?? [plan.training]
  return {
    epochs: plan.epochs,
    training: passes.reduce((sum, { program }) => sum + passCost(program), 0),
    validation: SECONDS_PER_EPOCH + (plan.validation ? passCost(plan.validation.program) : 0),
    test: SECONDS_PER_TRAINING + (plan.test ? passCost(plan.test.program) : 0),
    threads: usefulWorkers(plan, workers),
    ...(plan.earlyStopping && { mayEndEarly: true }),
  }
}

function passCost(pass: BatchProgram): number {
  return stepsPerEpochOf(pass) * (SECONDS_PER_STEP + SECONDS_PER_OPERATION * flopsOf(pass.program))
}
