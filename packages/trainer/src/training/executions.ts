/**
 * What a training has compiled: its strategy, and passes over other examples that share the states
 * of that. All of it takes the engine's memory until it is disposed of.
 */
import type { Engine, Execution, StateValues } from '@gradpool/core/engine'
import type { Pass, TrainingPlan } from '../plan/training-plan.js'
import { compileStrategy } from '../strategies/compile-strategy.js'
import type { TrainingStrategy } from '../strategies/training-strategy.js'

export interface ExecutionsOptions {
  readonly engine: Engine
  readonly plan: TrainingPlan
  /** How many may share a step. */
  readonly workers: number
  /** First values of some or all states. */
  readonly state?: StateValues | undefined
}

export class Executions {
  readonly strategy: TrainingStrategy
  readonly #options: ExecutionsOptions
  /** What owns states before what shares them. */
  readonly #all: Execution[]

  private constructor(options: ExecutionsOptions, strategy: TrainingStrategy) {
    this.#options = options
    this.strategy = strategy
    this.#all = [...strategy.executions]
  }

  /** @throws UserError where the engine lacks the memory */
  static async compile(options: ExecutionsOptions): Promise<Executions> {
    const { engine, plan, workers, state } = options
    const strategy = await compileStrategy(engine, plan, { workers, ...(state && { state }) })
    return new Executions(options, strategy)
  }

  /** @throws UserError where the engine lacks the memory */
  async pass({ program, data }: Pass): Promise<Execution> {
    const { engine, plan, workers } = this.#options
    const shared = { workers, shareStateOf: this.strategy.model }
    const execution = await engine.compile(program, { data, seed: plan.seed, ...shared })
    this.#all.push(execution)
    return execution
  }

  dispose(): void {
    for (const execution of this.#all.reverse()) execution.dispose()
  }
}
