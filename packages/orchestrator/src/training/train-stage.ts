/**
 * Trains one stage: compiles its programs, sends an epoch and its validation to the pool as one task, and so on to the
 * last epoch, then tests. Everything in the engine's memory is freed at the end, however it ends.
 *
 * A checkpoint that is due ends the span in progress within a step, copies the states, and lets the epoch go on while the
 * copy is written.
 */
import { type Engine, type Execution, type SpanResult, type StateValues } from '@gradpool/core'
import type { Pass, StagePlan } from '@gradpool/experiments'
import type { BestStates, Checkpoint } from '../checkpoints/checkpoint.js'
import { bestEpoch, isOver } from './best-epoch.js'
import { CheckpointClock } from '../checkpoints/checkpoint-clock.js'
import { namedStates, valuesOf } from '../files/named-states.js'
import { WorkerDied, type SpanPool } from '../scheduling/pool.js'
import { runTogether, type Span } from './team.js'
import type { Claim, ThreadBudget } from '../scheduling/thread-budget.js'
import type { EpochRow, Sample } from '../runs/run-result.js'
import { samplesOf } from './samples.js'
import { lossNotFinite, sentenceOf } from './stage-errors.js'
import { watchSteps } from './watch-steps.js'
import { weightsHash } from '../files/weights-hash.js'

/** How a stage ended; `epochs` and `seconds` tell of what was done. */
export type StageOutcome = { readonly epochs: readonly EpochRow[]; readonly seconds: number } & (
  | {
      readonly status: 'done'
      readonly testAccuracy: number | null
      readonly samples: readonly Sample[]
      /** All states, by name. */
      readonly state: Readonly<Record<string, Float32Array>>
      /** Hash of the states after the first epoch. */
      readonly firstEpoch: string
    }
  | {
      readonly status: 'failed'
      /** One sentence. */
      readonly error: string
      /** Its thread ended, which may not happen again. */
      readonly mayRetry: boolean
    }
  | { readonly status: 'interrupted' }
)

export interface TrainStageOptions {
  readonly plan: StagePlan
  readonly engine: Engine
  readonly pool: SpanPool
  readonly budget: ThreadBudget
  /** The most threads that may ever be had. */
  readonly workers: number
  /** First values, from the stage that this one starts from. */
  readonly state: StateValues | undefined
  /** Where to go on; from the start if undefined. */
  readonly from?: Checkpoint | undefined
  readonly checkpointSeconds: number
  /** A step that takes longer is one that will not end. */
  readonly stallSeconds: number
  /** Fulfilled when the checkpoint is written, or could not be; never rejects. */
  readonly save: (checkpoint: Checkpoint) => Promise<void>
  readonly onEpoch: (row: EpochRow, elapsedSeconds: number) => void
  /** Told when a span begins on another number of threads than the one before; a stage begins with one. */
  readonly onThreads: (threads: number) => void
  /** Told in one sentence of what is wrong but stops nothing. */
  readonly onWarning: (message: string) => void
}

/** What of a training can be seen while it runs. */
export interface TrainingProgress {
  /** From 1. */
  readonly epoch: number
  readonly step: number
  readonly steps: number
  readonly loss: number
  readonly accuracy: number | null
  readonly elapsedSeconds: number
}

type Result = Omit<Extract<StageOutcome, { status: 'done' }>, 'epochs' | 'seconds'>

/** Thrown inside to leave the training; never leaves this file. */
class Stopped extends Error {}
class Failed extends Error {}

export class StageTraining {
  readonly #options: TrainStageOptions
  readonly #started: number
  readonly #epochs: EpochRow[] = []
  readonly #clock: CheckpointClock
  readonly #claim: Claim
  readonly #workers: number
  /** What is running and may be paused. */
  #pausable: readonly Span[] = []
  readonly #executions: Execution[] = []
  /** Metrics that a warning has told of. */
  readonly #notFinite = new Set<string>()
  /** How many threads the last span ran on. */
  #threads = 1
  #training: Execution | undefined
  #stopped = false
  /** No span is in progress or was cut off in the middle of a step. */
  #isWhole = true
  readonly #stalled = new AbortController()
  /** The states after the epoch of the best validation so far. */
  #best: BestStates | undefined
  /** Hash of the states after the first epoch. */
  #firstEpoch: string | undefined
  /** The checkpoint that is being written. */
  #saving: Promise<void> | undefined

  constructor(options: TrainStageOptions) {
    this.#options = options
    const { plan, workers } = options
    this.#workers = Math.min(workers, plan.training.program.shards ?? 1)
    this.#claim = {
      most: this.#workers,
      work: () => plan.cost * (1 - this.#epochs.length / plan.epochs),
      giveBack: () => {
        for (const { execution } of this.#pausable) execution.stop()
      },
    }
    this.#clock = new CheckpointClock(options.checkpointSeconds)
    this.#started = performance.now() - 1000 * (options.from?.seconds ?? 0)
  }

  /** Never rejects. */
  async run(): Promise<StageOutcome> {
    const { budget } = this.#options
    budget.enter(this.#claim)
    try {
      const result = await this.#train()
      return { ...result, ...this.#soFar() }
    } catch (error) {
      await this.#saving
      if (this.#isWhole) this.#checkpoint()
      // A thread that had to be ended because it did not stop is no failure of the stage.
      if (error instanceof Stopped || this.#stopped) {
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
      budget.leave(this.#claim)
      await this.#saving
      this.#training = undefined
      // What shares states goes before what owns them. A thread that had to be ended may still write there.
      if (!this.#stalled.signal.aborted) {
        for (const execution of this.#executions.reverse()) execution.dispose()
      }
    }
  }

  /** Ends within a step. */
  stop(): void {
    this.#stopped = true
    for (const execution of this.#executions) execution.stop()
  }

  /** Undefined before the first step and after the last. */
  progress(): TrainingProgress | undefined {
    const training = this.#training
    if (training === undefined) return undefined
    const { step, last } = training.progress()
    const { epochs } = this.#options.plan
    return {
      epoch: Math.min(Math.floor(step / training.stepsPerEpoch) + 1, epochs),
      step,
      steps: epochs * training.stepsPerEpoch,
      loss: last.loss ?? NaN,
      accuracy: finite(last.accuracy),
      elapsedSeconds: this.#elapsedSeconds(),
    }
  }

  async #train(): Promise<Result> {
    const { plan, state, from } = this.#options
    const training = await this.#compile(plan.training, state && { state })
    const validation = plan.validation && (await this.#share(plan.validation, training))
    if (from) {
      training.write(valuesOf(from.states))
      training.seek(from.position)
      this.#epochs.push(...from.epochs)
      this.#best = from.best
      this.#firstEpoch = from.firstEpoch
    }
    this.#training = training
    while (!isOver(plan, this.#epochs)) await this.#epoch(training, validation)
    if (plan.keep === 'best' && this.#best) training.write(valuesOf(this.#best.states))
    const { test, samples } = plan
    const testing = test && (await this.#share(test, training))
    const sampling = samples && (await this.#share(samples, training))
    const [tested, sampled] = await this.#run([testing, sampling].map(wholePass))
    if (this.#stopped) throw new Stopped()
    if (tested?.status === 'notFinite') {
      throw new Failed('the loss over the test examples is not a finite number')
    }
    return {
      status: 'done',
      testAccuracy: this.#accuracyOf(tested, 'test accuracy', plan.epochs),
      samples: samples && sampled ? samplesOf(samples, sampled.means) : [],
      state: training.read(),
      firstEpoch: this.#firstEpoch ?? '',
    }
  }

  async #epoch(training: Execution, validation?: Execution): Promise<void> {
    const started = performance.now()
    const epoch = this.#epochs.length + 1
    const [trained, validated] = await this.#toEndOfEpoch(epoch, training, validation)
    if (trained?.status === 'notFinite') {
      throw new Failed(lossNotFinite(training.step + 1, epoch, trained.lastLoss, training.read()))
    }
    if (validated?.status === 'notFinite') {
      throw new Failed(
        `the loss over the validation examples is not a finite number after epoch ${epoch}`,
      )
    }
    const row: EpochRow = {
      epoch,
      cost: rounded(trained?.means.loss?.[0] ?? NaN),
      accuracy: this.#accuracyOf(trained, 'training accuracy', epoch),
      validation: this.#accuracyOf(validated, 'validation accuracy', epoch),
      seconds: (performance.now() - started) / 1000,
    }
    this.#epochs.push(row)
    if (epoch === 1) this.#firstEpoch = weightsHash(training.read())
    if (bestEpoch(this.#epochs) === epoch) this.#best = { epoch, states: this.#states(training) }
    this.#options.onEpoch(row, this.#elapsedSeconds())
    if (!isOver(this.#options.plan, this.#epochs) && this.#clock.isDueAtEpochEnd())
      this.#checkpoint()
  }

  /** What is left of an epoch, and its validation, with as many checkpoints in between as become due. */
  async #toEndOfEpoch(
    epoch: number,
    training: Execution,
    validation: Execution | undefined,
  ): Promise<(SpanResult | undefined)[]> {
    const firstStep = (epoch - 1) * training.stepsPerEpoch
    for (;;) {
      if (validation) rewind(validation, epoch - 1)
      const results = await this.#run(
        [
          {
            execution: training,
            steps: firstStep + training.stepsPerEpoch - training.step,
            continues: training.step > firstStep,
          },
          wholePass(validation),
        ],
        { pauses: true },
      )
      // A span may have ended before it saw the stop: what is done is done, but nothing follows.
      if (results.every((result) => result?.status !== 'stopped')) return results
      if (this.#stopped) throw new Stopped()
      if (this.#clock.msLeft() === 0) this.#checkpoint()
    }
  }

  /** Spans one after the other, on as many threads as there are for this stage. */
  async #run(
    spans: readonly (Span | undefined)[],
    { pauses = false } = {},
  ): Promise<(SpanResult | undefined)[]> {
    const present = spans.filter((span) => span !== undefined)
    const { budget, pool, stallSeconds } = this.#options
    const threads = await budget.take(this.#claim)
    try {
      // A stop from before the spans began would be forgotten.
      if (this.#stopped) throw new Stopped()
      this.#isWhole = false
      this.#tellThreads(threads)
      const running = runTogether(pool, present, threads, this.#stalled.signal)
      const cancel = pauses ? this.#stopWhenDue(present) : () => undefined
      const executions = present.map(({ execution }) => execution)
      const endWatch = watchSteps(executions, stallSeconds, this.#stalled)
      if (pauses) this.#pausable = present
      try {
        const results = await running
        const bySpan = new Map(present.map((span, i) => [span, results[i]] as const))
        this.#isWhole = true
        return spans.map((span) => span && bySpan.get(span))
      } finally {
        cancel()
        endWatch()
      }
    } finally {
      this.#pausable = []
      budget.give(this.#claim)
    }
  }

  #tellThreads(threads: number): void {
    const used = Math.min(threads, this.#workers)
    if (used !== this.#threads) this.#options.onThreads(used)
    this.#threads = used
  }

  /** Stops spans when the next checkpoint is due and the one before it is written. */
  #stopWhenDue(spans: readonly Span[]): () => void {
    let timer: NodeJS.Timeout
    const arm = () => {
      timer = setTimeout(() => {
        if (this.#saving === undefined) for (const { execution } of spans) execution.stop()
        else {
          this.#clock.begin()
          arm()
        }
      }, this.#clock.msLeft())
    }
    arm()
    return () => clearTimeout(timer)
  }

  /** Copies what there is and begins to write it. Between spans only. */
  #checkpoint(): void {
    const training = this.#training
    if (training === undefined || this.#saving !== undefined) return
    this.#clock.begin()
    const { plan, engine, save } = this.#options
    const checkpoint = {
      stage: plan.hash,
      numerics: engine.numerics,
      position: training.position(),
      epochs: [...this.#epochs],
      seconds: this.#elapsedSeconds(),
      states: this.#states(training),
      best: this.#best,
      firstEpoch: this.#firstEpoch,
    }
    this.#saving = save(checkpoint).then(() => {
      this.#saving = undefined
      this.#clock.end()
    })
  }

  #states(training: Execution): Checkpoint['states'] {
    return namedStates(this.#options.plan.training.program.program, training.read())
  }

  async #share(pass: Pass, shareStateOf: Execution): Promise<Execution> {
    return this.#compile(pass, { shareStateOf })
  }

  async #compile(
    { program, data }: Pass,
    more: { state?: StateValues; shareStateOf?: Execution } = {},
  ): Promise<Execution> {
    const { engine, plan } = this.#options
    const { seed, orderSeed = seed } = plan
    const workers = this.#workers
    const execution = await engine.compile(program, { data, seed, orderSeed, workers, ...more })
    this.#executions.push(execution)
    if (this.#stopped) throw new Stopped()
    return execution
  }

  /** Null where there is none, and where it is not finite, of which a warning tells the first time. */
  #accuracyOf(span: SpanResult | undefined, metric: string, epoch: number): number | null {
    const mean = span?.means.accuracy?.[0]
    if (mean === undefined) return null
    if (Number.isFinite(mean)) return rounded(mean)
    if (!this.#notFinite.has(metric)) {
      this.#notFinite.add(metric)
      const { plan, onWarning } = this.#options
      onWarning(
        `${plan.name}: the ${metric} is not a finite number in epoch ${epoch}, so it is left out`,
      )
    }
    return null
  }

  #soFar(): { epochs: EpochRow[]; seconds: number } {
    return { epochs: this.#epochs, seconds: this.#elapsedSeconds() }
  }

  #elapsedSeconds(): number {
    return (performance.now() - this.#started) / 1000
  }
}

function wholePass(execution: Execution | undefined): Span | undefined {
  return execution && { execution, steps: execution.stepsPerEpoch, continues: false }
}

/** A pass may have been stopped in the middle, and the one before was done in another process. */
function rewind(execution: Execution, passes: number): void {
  const step = passes * execution.stepsPerEpoch
  execution.seek({ ...execution.position(), step, since: step })
}

/** Digits beyond those of f32 are left off. */
function rounded(mean: number): number {
  return Number(mean.toPrecision(7))
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null
}
