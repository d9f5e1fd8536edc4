/**
 * What a stage has compiled: its training, and passes over other examples that share the states of that. All of it takes
 * the engine's memory until it is disposed of.
 */
import type { Engine, Execution, StateValues } from '@gradpool/core'
import type { Pass, StagePlan } from '@gradpool/experiments'
import { compileTraining, executionsOf, modelOf } from './compile-training.js'
import type { Replicas } from './replicas.js'

export interface StageExecutionsOptions {
  readonly engine: Engine
  readonly plan: StagePlan
  /** How many may share a step. */
  readonly workers: number
  /** First values, from the stage that this one starts from. */
  readonly state?: StateValues | undefined
}

export class StageExecutions {
  readonly training: Execution | Replicas
  readonly #options: StageExecutionsOptions
  /** What owns states before what shares them. */
  readonly #all: Execution[]

  private constructor(options: StageExecutionsOptions, training: Execution | Replicas) {
    this.#options = options
    this.training = training
    this.#all = [...executionsOf(training)]
  }

  /** @throws UserError where the engine lacks the memory */
  static async compile(options: StageExecutionsOptions): Promise<StageExecutions> {
    const { engine, plan, workers, state } = options
    const training = await compileTraining(engine, plan, { workers, ...(state && { state }) })
    return new StageExecutions(options, training)
  }

  /** @throws UserError where the engine lacks the memory */
  async pass({ program, data }: Pass): Promise<Execution> {
    const { engine, plan, workers } = this.#options
    const shared = { workers, shareStateOf: modelOf(this.training) }
    const execution = await engine.compile(program, { data, seed: plan.seed, ...shared })
    this.#all.push(execution)
    return execution
  }

  dispose(): void {
    for (const execution of this.#all.reverse()) execution.dispose()
  }
}
