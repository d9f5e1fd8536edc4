/**
 * A training that is one execution. Any number of workers may share its steps, and gives the same
 * bits.
 */
import type { Engine, Execution, Position, Progress, StateValues } from '@gradpool/core/engine'
import type { TrainingPlan } from '../plan/training-plan.js'
import type { Chunk } from '../threads/team.js'
import { compileFed, runFed } from '../windows/compile-fed.js'
import type { Feed } from '../windows/feed.js'
import type { Pauses, TrainingThreads } from '../threads/training-threads.js'
import type {
  Advance,
  CompileStrategyOptions,
  DoneEpoch,
  Goal,
  TrainedPart,
  TrainingStrategy,
} from './training-strategy.js'

export class ExecutionStrategy implements TrainingStrategy {
  readonly model: Execution
  readonly #part: TrainedPart
  readonly #feed: Feed | undefined

  private constructor(part: TrainedPart, feed: Feed | undefined) {
    this.model = part.training
    this.#part = part
    this.#feed = feed
  }

  /** @throws UserError as `Engine.compile` */
  static async compile(
    engine: Engine,
    { training, seed }: TrainingPlan,
    options: CompileStrategyOptions,
  ): Promise<ExecutionStrategy> {
    const { execution, feed } = await compileFed(engine, training, { ...options, seed })
    return new ExecutionStrategy({ ...training, training: execution, seed }, feed)
  }

  get executions(): readonly Execution[] {
    return [this.model]
  }

  get feeds(): readonly Feed[] {
    return this.#feed ? [this.#feed] : []
  }

  get workers(): number {
    return this.model.workers
  }

  get stepsPerEpoch(): number {
    return this.model.stepsPerEpoch
  }

  get step(): number {
    return this.model.step
  }

  progress(): Progress {
    return this.model.progress()
  }

  position(): Position {
    return this.model.position()
  }

  seek(position: Position): void {
    this.model.seek(position)
  }

  read(): Record<string, Float32Array> {
    return this.model.read()
  }

  write(values: StateValues): void {
    this.model.write(values)
  }

  /** Whole epochs with their validations, or what is left of one, as one task of a thread. */
  async advance(threads: TrainingThreads, { epoch, most, validation }: Goal, pauses: Pauses): Promise<Advance> {
    const { model: execution } = this
    const steps = epoch * execution.stepsPerEpoch - execution.step
    const continues = steps < execution.stepsPerEpoch
    const rest: Chunk = { execution, feed: this.#feed, steps, continues }
    const rounds = await threads.runRounds([rest, validation], { times: continues ? 1 : most, pauses })
    const done: DoneEpoch[] = []
    for (const { results, ...round } of rounds) {
      const [trained, validated] = results
      if (trained?.status === 'notFinite') {
        return { done, lost: { ...this.#part, lastLoss: trained.lastLoss } }
      }
      if (trained?.status !== 'done' || validated?.status === 'stopped') break
      done.push({ ...round, trained, validated })
    }
    return { done }
  }

  async runFirstEpoch(): Promise<void> {
    await runFed({ execution: this.model, feed: this.#feed }, this.stepsPerEpoch)
  }
}
