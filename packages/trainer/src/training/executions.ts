/**
 * What a training has compiled: its strategy, and passes over other examples that share the states
 * of that. All of it takes the engine's memory until it is disposed of.
 */
import type { Engine, Execution, StateValues } from '@gradpool/core/engine'
import type { Pass, TrainingPlan } from '../plan/training-plan.js'
import type { TrainingProfile } from '../profile/training-profile.js'
import { compileStrategy } from '../strategies/compile-strategy.js'
import type { RunSegments } from '../strategies/segment.js'
import type { TrainingStrategy } from '../strategies/training-strategy.js'
import { compileFed, type Fed } from '../windows/compile-fed.js'
import type { Feed } from '../windows/feed.js'

export interface ExecutionsOptions {
  readonly engine: Engine
  readonly plan: TrainingPlan
  /** How many may share a step. */
  readonly workers: number
  /** First values of some or all states. */
  readonly state?: StateValues | undefined
  /** Whether to note what some of the training's steps spend their time on. */
  readonly profile?: boolean
  /** As of `CompileStrategyOptions`. */
  readonly runSegments?: RunSegments | undefined
}

export class Executions {
  readonly strategy: TrainingStrategy
  readonly #options: ExecutionsOptions
  /** What owns states before what shares them. */
  readonly #all: Execution[]
  readonly #feeds: Feed[]

  private constructor(options: ExecutionsOptions, strategy: TrainingStrategy) {
    this.#options = options
    this.strategy = strategy
    this.#all = [...strategy.executions]
    this.#feeds = [...strategy.feeds]
  }

  /** @throws UserError where the engine lacks the memory */
  static async compile(options: ExecutionsOptions): Promise<Executions> {
    const { engine, plan, workers, state, profile = false, runSegments } = options
    const strategy = await compileStrategy(engine, plan, { workers, profile, runSegments, ...(state && { state }) })
    return new Executions(options, strategy)
  }

  /** @throws UserError where the engine lacks the memory */
  async pass(pass: Pass): Promise<Fed> {
    const { engine, plan, workers } = this.#options
    const shared = { workers, shareStateOf: this.strategy.model }
    const fed = await compileFed(engine, pass, { seed: plan.seed, ...shared })
    this.#all.push(fed.execution)
    if (fed.feed) this.#feeds.push(fed.feed)
    return fed
  }

  /** What waits for rows does so no longer. */
  stop(): void {
    for (const feed of this.#feeds) feed.stop()
  }

  /** Of the training, where one was asked for. */
  profiles(): TrainingProfile[] {
    const { name } = this.#options.plan
    const noted = this.strategy.executions.flatMap((execution) => {
      const profile = execution.profile()
      return profile && profile.slices.length > 0 ? [{ ...profile, steps: execution.step }] : []
    })
    // Of local averaging, the first is the average.
    const parts = noted.map((_, index) => (index === 0 ? `${name}, average` : `${name}, part ${index}`))
    return noted.map((profile, index) => ({ ...profile, name: noted.length > 1 ? (parts[index] ?? name) : name }))
  }

  async dispose(): Promise<void> {
    for (const execution of this.#all.reverse()) execution.dispose()
    for (const feed of this.#feeds) await feed.close()
  }
}
