/**
 * Runs a training plan: compiles its Programs, sends epochs and their validations to the pool, and
 * so on to the last epoch, then tests. Everything in the engine's memory is freed at the end,
 * however it ends.
 *
 * A task of the pool is an epoch, or as many of them as take a moment: a thread does not wait for
 * the main thread after each. What follows from an epoch is decided once the task is over, epoch by
 * epoch; where the training ends at one of them, what came after it is dropped.
 *
 * A checkpoint that is due ends the chunk in progress within a step, copies the states, and lets
 * the epoch go on while the copy is written.
 */
import type { Engine, Execution, StateValues } from '@gradpool/core/engine'
import { namedStates, valuesOf, weightsHash } from '@gradpool/storage'
import { WorkerDied } from '@gradpool/worker-pool'
import type { BestStates, Checkpoint } from '../checkpoints/checkpoint.js'
import { Checkpointing } from '../checkpoints/checkpointing.js'
import type { EpochRow } from '../metrics/epoch-row.js'
import { FiniteMetrics, metricsOf } from '../metrics/metrics-of.js'
import type { TrainingPlan } from '../plan/training-plan.js'
import type { TrainingProfile } from '../profile/training-profile.js'
import { usefulWorkers } from '../strategies/compile-strategy.js'
import type { RunSegments } from '../strategies/segment.js'
import type { Advance, DoneEpoch, TrainingStrategy } from '../strategies/training-strategy.js'
import type { EnginePool } from '../threads/engine-pool.js'
import type { Chunk } from '../threads/team.js'
import type { ThreadBudget } from '../threads/thread-budget.js'
import { Stopped, TrainingThreads } from '../threads/training-threads.js'
import type { Fed } from '../windows/compile-fed.js'
import { DoneEpochs } from './done-epochs.js'
import { Executions } from './executions.js'
import { labelOutside, passNotFinite } from './label-outside.js'
import { locateNonFinite, type FailedStep } from './locate-nonfinite.js'
import { lossNotFinite, sentenceOf } from './training-errors.js'
import type { TrainingOutcome, TrainingProgress } from './training-outcome.js'

export interface TrainingOptions {
  readonly plan: TrainingPlan
  readonly engine: Engine
  readonly pool: EnginePool
  readonly budget: ThreadBudget
  /** The most threads that may ever be had. */
  readonly workers: number
  /** First values of some or all states. */
  readonly state: StateValues | undefined
  /** Says which line of the model made a loss that is not finite. */
  readonly retrace?: FailedStep['retrace']
  /** Trains replicas that are averaged elsewhere, where the plan has any; without it, threads of the pool do. */
  readonly runSegments?: RunSegments | undefined
  /** Where to resume; at the start if undefined. */
  readonly from?: Checkpoint | undefined
  /**
   * Whether to keep what runs record beside the result: the hash of the states after the first
   * epoch, and the best states where the last ones are the result. Default: true.
   */
  readonly records?: boolean
  readonly checkpointSeconds: number
  /** A step that takes longer is one that will not end. */
  readonly stallSeconds: number
  /** How long a task of several epochs takes, about. Default: 0.15. */
  readonly taskSeconds?: number
  /** Fulfilled when the checkpoint is written, or could not be; never rejects. */
  readonly save: (checkpoint: Checkpoint) => Promise<void>
  /** @param read what gives the states, by name */
  readonly onEpoch: (row: EpochRow, elapsedSeconds: number, read: () => StateValues) => void
  /**
   * Told when a chunk begins on another number of threads than the one before; a training begins
   * with one.
   */
  readonly onThreads: (threads: number) => void
  /** Told in one sentence of what is wrong but stops nothing. */
  readonly onWarning: (message: string) => void
  /** Told at the end, however it ends, what the steps spent their time on; without it, nothing is noted. */
  readonly onProfile?: ((profiles: readonly TrainingProfile[]) => void) | undefined
}

type Result = Omit<Extract<TrainingOutcome, { status: 'done' }>, 'epochs' | 'seconds'>

/** Of a task: the main thread does what follows from them at once. */
const MOST_EPOCHS = 64
/** Of the states that a task leaves after its epochs. */
const MOST_STATE_BYTES = 2 ** 25

/** Thrown inside to leave the training; never leaves this file. */
class Failed extends Error {}

export class Training {
  readonly #options: TrainingOptions
  readonly #startedMs: number
  readonly #epochs: DoneEpochs
  /** The most threads that make it faster. */
  readonly #workers: number
  readonly #threads: TrainingThreads
  readonly #checkpoints: Checkpointing
  readonly #finite: FiniteMetrics
  #executions: Executions | undefined
  /** While it trains. */
  #strategy: TrainingStrategy | undefined
  /** The states after the best epoch so far. */
  #best: BestStates | undefined
  #isEnding = false
  /** The states are those after later epochs than there are rows. */
  #isAhead = false
  /** When the epoch in progress began. */
  #epochMs = 0
  /** That the last epoch took; undefined before the first that is trained here. */
  #epochSeconds: number | undefined
  /** Hash of the states after the first epoch. */
  #firstEpoch: string | undefined

  constructor(options: TrainingOptions) {
    this.#options = options
    const { plan, pool, budget, workers, stallSeconds, onThreads } = options
    this.#epochs = new DoneEpochs(plan, plan.training.program.plateaus)
    this.#workers = usefulWorkers(plan, workers)
    this.#threads = new TrainingThreads({
      pool,
      budget,
      most: this.#workers,
      stallSeconds,
      onThreads,
      work: () => plan.work * (1 - this.#epochs.count / plan.epochs),
    })
    const { checkpointSeconds: everySeconds, save } = options
    this.#checkpoints = new Checkpointing({ everySeconds, save })
    this.#finite = new FiniteMetrics((what) => options.onWarning(`${plan.name}: ${what}`))
    this.#startedMs = performance.now() - 1000 * (options.from?.seconds ?? 0)
  }

  /** Never rejects. */
  async run(): Promise<TrainingOutcome> {
    this.#threads.enter()
    try {
      const result = await this.#train()
      return { ...result, ...this.#soFar() }
    } catch (error) {
      await this.#checkpoints.written()
      if (this.#threads.isWhole && !this.#isAhead) this.#checkpoint()
      // A thread that had to be ended because it did not stop is no failure of the training.
      if (error instanceof Stopped || this.#threads.isStopped) {
        return { status: 'interrupted', ...this.#soFar() }
      }
      const message = error instanceof Failed ? error.message : sentenceOf(error)
      return {
        status: 'failed',
        error: `${this.#options.plan.name}: ${message}`,
        mayRetry: error instanceof WorkerDied,
        ...this.#soFar(),
      }
    } finally {
      this.#threads.leave()
      await this.#checkpoints.written()
      this.#strategy = undefined
      // A thread that had to be ended may still write there.
      if (!this.#threads.isStalled) await this.#dispose()
    }
  }

  async #dispose(): Promise<void> {
    const { onProfile } = this.#options
    if (this.#executions) onProfile?.(this.#executions.profiles())
    await this.#executions?.dispose()
  }

  /** Ends within a step. */
  stop(): void {
    this.#threads.stop()
    this.#executions?.stop()
  }

  /** The epoch in progress is the last. */
  endAfterEpoch(): void {
    this.#isEnding = true
  }

  /** Undefined before the first step and after the last. */
  progress(): TrainingProgress | undefined {
    const strategy = this.#strategy
    if (strategy === undefined) return undefined
    const { step, last } = strategy.progress()
    const { epochs } = this.#options.plan
    return {
      epoch: Math.min(Math.floor(step / strategy.stepsPerEpoch) + 1, epochs),
      step,
      steps: epochs * strategy.stepsPerEpoch,
      last,
      elapsedSeconds: this.#elapsedSeconds(),
    }
  }

  async #train(): Promise<Result> {
    const { plan, engine, state, from, onProfile, runSegments } = this.#options
    const given = { engine, plan, workers: this.#workers, state, profile: onProfile !== undefined, runSegments }
    const executions = (this.#executions = await Executions.compile(given))
    const { strategy } = executions
    this.#threads.limit(strategy.workers)
    const validation = plan.validation && (await executions.pass(plan.validation))
    this.#threads.throwIfStopped()
    if (from) {
      strategy.write(valuesOf(from.states))
      strategy.seek(from.position)
      for (const row of from.epochs) this.#epochs.add(row)
      this.#best = from.best
      this.#firstEpoch = from.firstEpoch
    }
    this.#strategy = strategy
    this.#epochMs = performance.now()
    while (!this.#isOver) await this.#advance(strategy, validation)
    if (plan.keep === 'best' && this.#best) strategy.write(valuesOf(this.#best.states))
    const testing = plan.test && (await executions.pass(plan.test))
    const predicting = plan.predictions && (await executions.pass(plan.predictions))
    this.#threads.throwIfStopped()
    const [tested, predicted] = await this.#threads.run([testing, predicting].map(wholePass))
    this.#threads.throwIfStopped()
    if (tested?.status === 'notFinite') {
      throw new Failed(passNotFinite('the test examples', plan.test, testing?.execution))
    }
    const test = plan.test && tested && metricsOf(plan.test.program, tested)
    if (test) this.#finite.check(test, 'test', plan.epochs)
    const best = this.#best
    const epoch = (plan.keep === 'best' ? best?.epoch : undefined) ?? this.#epochs.count
    const isOther = best !== undefined && best.epoch !== epoch
    return {
      status: 'done',
      ...(isOther && { best }),
      epoch,
      test,
      predictions: predicted?.rows ?? {},
      state: strategy.read(),
      firstEpoch: this.#firstEpoch ?? '',
    }
  }

  /** A task of a thread: some epochs, or a part of one, and what follows from it. */
  async #advance(strategy: TrainingStrategy, validation: Fed | undefined): Promise<void> {
    const epoch = this.#epochs.count + 1
    if (validation) rewind(validation.execution, epoch - 1)
    const goal = { epoch, most: this.#mostEpochs(strategy), validation: wholePass(validation) }
    const { done, lost } = await strategy.advance(this.#threads, goal, (pause) => this.#checkpoints.whenDue(pause))
    const nowMs = performance.now()
    for (const each of done) {
      this.#isAhead = each.states !== undefined
      this.#endEpoch(each, nowMs - 1000 * each.secondsAgo, strategy, validation?.execution)
      if (this.#isAhead && (this.#isOver || this.#threads.isStopped)) {
        this.#dropAfter(each, strategy)
        return
      }
    }
    this.#isAhead = false
    if (lost) throw new Failed(await this.#describe(lost, strategy))
    // A chunk may have ended before it saw the stop: what is done is done, but nothing follows.
    if (done.length === 0) this.#threads.throwIfStopped()
    // Else the next epoch has begun.
    else if (done.at(-1)?.states === undefined) this.#epochMs = performance.now()
    const isDue = done.length > 0 ? this.#checkpoints.isDueAtEpochEnd : this.#checkpoints.isDue
    if (!this.#isOver && isDue) this.#checkpoint()
  }

  /** The most epochs of the next task. */
  #mostEpochs({ model }: TrainingStrategy): number {
    const { plan, taskSeconds = 0.15 } = this.#options
    // What follows from an epoch may change the next.
    if (this.#epochSeconds === undefined || plan.training.program.plateaus) return 1
    const bytes = Object.values(model.memory.states).reduce((sum, { byteLength }) => sum + byteLength, 0)
    const most = Math.min(taskSeconds / this.#epochSeconds, MOST_STATE_BYTES / bytes, MOST_EPOCHS)
    return Math.max(1, Math.min(Math.floor(most), plan.epochs - this.#epochs.count))
  }

  /** What follows from an epoch. */
  #endEpoch(done: DoneEpoch, endedMs: number, strategy: TrainingStrategy, execution: Execution | undefined): void {
    const { trained, validated, states } = done
    const { plan, records = true, onEpoch } = this.#options
    const epoch = this.#epochs.count + 1
    if (validated?.status === 'notFinite') {
      const { validation: pass } = plan
      throw new Failed(passNotFinite('the validation examples', pass, execution, ` after epoch ${epoch}`))
    }
    const { training, averaging, validation: validating } = plan
    const passes = averaging?.replicas ?? [training]
    const numExamples = passes.reduce((sum, { program }) => sum + program.numExamples, 0)
    const metrics = metricsOf(training.program, trained, numExamples)
    this.#finite.check(metrics, 'training', epoch)
    const validation = validating && validated && metricsOf(validating.program, validated)
    if (validation) this.#finite.check(validation, 'validation', epoch)
    const seconds = (this.#epochSeconds = (endedMs - this.#epochMs) / 1000)
    this.#epochMs = endedMs
    const row: EpochRow = { epoch, seconds, ...metrics, ...(validation && { validation }) }
    this.#epochs.add(row)
    const read = () => (states ? copied(states) : strategy.read())
    if (epoch === 1 && records) this.#firstEpoch = weightsHash(read())
    if (this.#epochs.best === epoch && (records || plan.keep === 'best')) {
      this.#best = { epoch, states: this.#named(read()) }
    }
    this.#reduceRates(strategy)
    onEpoch(row, (endedMs - this.#startedMs) / 1000, read)
  }

  /** Counts in the states of learning rates that have met a plateau. */
  #reduceRates(strategy: TrainingStrategy): void {
    const { reduced } = this.#epochs
    if (reduced.length === 0) return
    const states = strategy.read()
    strategy.write(Object.fromEntries(reduced.map((name) => [name, Float32Array.of((states[name]?.[0] ?? 0) + 1)])))
  }

  /** Stands after an epoch again that steps of others followed. */
  #dropAfter({ states, trained: { lastLoss } }: DoneEpoch, strategy: TrainingStrategy): void {
    if (states === undefined) return
    strategy.write(states)
    const step = this.#epochs.count * strategy.stepsPerEpoch
    strategy.seek({ ...strategy.position(), step, since: step, lastLoss })
    this.#isAhead = false
  }

  /** Copies what there is and begins to write it. Between chunks only. */
  #checkpoint(): void {
    const strategy = this.#strategy
    if (strategy === undefined) return
    const { plan, engine } = this.#options
    this.#checkpoints.begin(() => ({
      hash: plan.hash,
      numerics: engine.numerics,
      position: strategy.position(),
      epochs: this.#epochs.rows.snapshot(),
      seconds: this.#elapsedSeconds(),
      states: this.#named(strategy.read()),
      best: this.#best,
      firstEpoch: this.#firstEpoch,
    }))
  }

  #named(states: StateValues): Checkpoint['states'] {
    return namedStates(this.#options.plan.training.program.program, states)
  }

  /** A loss that is not finite, as one sentence. */
  async #describe(lost: NonNullable<Advance['lost']>, strategy: TrainingStrategy): Promise<string> {
    const { engine, retrace } = this.#options
    // Told as far as there is the memory to find it.
    const { training, program, data, seed } = lost
    const label = labelOutside({ program, step: training.step, data, seed })
    const origin = label ? undefined : await locateNonFinite({ engine, ...lost, retrace }).catch(() => undefined)
    return lossNotFinite({
      step: lost.training.step + 1,
      epoch: this.#epochs.count + 1,
      lastLoss: lost.lastLoss,
      state: strategy.read(),
      origin,
      label,
    })
  }

  get #isOver(): boolean {
    return this.#epochs.areEnough || (this.#isEnding && this.#epochs.count > 0)
  }

  #soFar(): { epochs: EpochRow[]; seconds: number } {
    return { epochs: [...this.#epochs.rows], seconds: this.#elapsedSeconds() }
  }

  #elapsedSeconds(): number {
    return (performance.now() - this.#startedMs) / 1000
  }
}

function wholePass(fed: Fed | undefined): Chunk | undefined {
  return fed && { ...fed, steps: fed.execution.stepsPerEpoch, continues: false }
}

function copied(states: StateValues): Record<string, Float32Array> {
  return Object.fromEntries(Object.entries(states).map(([name, values]) => [name, values.slice()]))
}

/** A pass may have been stopped in the middle, and the one before was done in another process. */
function rewind(execution: Execution, passes: number): void {
  const step = passes * execution.stepsPerEpoch
  execution.seek({ ...execution.position(), step, since: step })
}
