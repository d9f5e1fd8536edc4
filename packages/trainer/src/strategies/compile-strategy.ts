/** The strategy that a plan asks for, compiled; and how many workers it can use. */
import type { Engine } from '@gradpool/core/engine'
import type { TrainingPlan } from '../plan/training-plan.js'
import { ExecutionStrategy } from './execution-strategy.js'
import { LocalAveraging } from './local-averaging.js'
import { fastestWorkers } from './shared-steps.js'
import type { CompileStrategyOptions, TrainingStrategy } from './training-strategy.js'

/** @throws UserError as `Engine.compile`, with nothing left in the engine's memory */
export function compileStrategy(
  engine: Engine,
  plan: TrainingPlan,
  options: CompileStrategyOptions,
): Promise<TrainingStrategy> {
  return plan.averaging
    ? LocalAveraging.compile(engine, { ...plan, averaging: plan.averaging }, options)
    : ExecutionStrategy.compile(engine, plan, options)
}

/** How many of these workers make a training fastest. */
export function usefulWorkers({ training, averaging }: TrainingPlan, workers: number): number {
  return averaging ? Math.min(workers, averaging.replicas.length) : fastestWorkers(training.program, workers)
}
