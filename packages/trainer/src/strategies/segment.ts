/**
 * A replica's part of a round of local averaging, by itself: from the states that the round begins with to those that
 * the replica has at its end. It has the same bits whoever trains it, and however often.
 */
import { replicaSeed, type Engine, type Execution, type Position, type StateValues } from '@gradpool/core/engine'
import { pick } from '@gradpool/storage'
import type { Pass } from '../plan/training-plan.js'
import type { EnginePool } from '../threads/engine-pool.js'
import type { ThreadBudget } from '../threads/thread-budget.js'
import { Stopped, TrainingThreads } from '../threads/training-threads.js'
import { fastestWorkers } from './shared-steps.js'

export interface Segment {
  /** Its place among the replicas. */
  readonly replica: number
  /** All states of the model, by name; the same for all segments of a round. */
  readonly states: StateValues
  /** The replica's own steps before the round, and those of the round. */
  readonly step: number
  readonly steps: number
}

export interface SegmentResult {
  /** `notFinite`: the step after `position.step` has a loss that is not finite. */
  readonly status: 'done' | 'notFinite'
  /** Those states that steps change, named as the model's. */
  readonly states: StateValues
  /** Its sums are those of the segment. Its last loss is NaN where the segment has no finite one. */
  readonly position: Position
}

/**
 * Trains the segments of a round elsewhere.
 *
 * @param signal Aborted, it is not waited for any longer.
 * @returns the results in the order of the segments
 */
export type RunSegments = (segments: readonly Segment[], signal: AbortSignal) => Promise<readonly SegmentResult[]>

export interface SegmentTrainerOptions {
  readonly engine: Engine
  readonly pool: EnginePool
  readonly budget: ThreadBudget
  /** The most threads that may ever be had. */
  readonly workers: number
  /** What the replica trains on. */
  readonly pass: Pass
  /** Of the whole training. */
  readonly seed: number
  readonly replica: number
}

/** Trains segments of one replica, one after the other: it is compiled once. */
export class SegmentTrainer {
  readonly #options: SegmentTrainerOptions
  readonly #execution: Execution
  #threads: TrainingThreads | undefined
  #isUsable = true

  private constructor(options: SegmentTrainerOptions, execution: Execution) {
    this.#options = options
    this.#execution = execution
  }

  /** @throws UserError as `Engine.compile` */
  static async compile(options: SegmentTrainerOptions): Promise<SegmentTrainer> {
    const { engine, pass, seed, replica, workers: most } = options
    const workers = fastestWorkers(pass.program, most)
    const own = { data: pass.data, seed: replicaSeed(seed, replica), workers }
    return new SegmentTrainer(options, await engine.compile(pass.program, own))
  }

  /** False once a thread of it was lost: nothing is known of its memory then. */
  get isUsable(): boolean {
    return this.#isUsable
  }

  /**
   * Undefined where it was stopped.
   *
   * @throws WorkerDied, and what the engine throws
   */
  async run(
    { states, step, steps }: Omit<Segment, 'replica'>,
    stallSeconds: number,
  ): Promise<SegmentResult | undefined> {
    const { pool, budget } = this.#options
    const execution = this.#execution
    execution.write(states)
    execution.seek({ ...execution.position(), step, since: step, lastLoss: NaN })
    const threads = (this.#threads = new TrainingThreads({
      pool,
      budget,
      most: execution.workers,
      stallSeconds,
      work: () => 0,
      onThreads: () => undefined,
    }))
    threads.enter()
    try {
      const [result] = await threads.run([{ execution, steps, continues: false }])
      if (result === undefined || result.status === 'stopped') return undefined
      const changed = execution.program.program.updates.map(({ name }) => name)
      return {
        status: result.status === 'notFinite' ? 'notFinite' : 'done',
        states: pick(execution.read(), changed),
        position: execution.position(),
      }
    } catch (error) {
      if (error instanceof Stopped) return undefined
      this.#isUsable = false
      throw error
    } finally {
      threads.leave()
      this.#threads = undefined
    }
  }

  /** Ends what runs within a step. */
  stop(): void {
    this.#threads?.stop()
  }

  /** A thread that was lost may still write there. */
  dispose(): void {
    if (this.#isUsable) this.#execution.dispose()
  }
}
