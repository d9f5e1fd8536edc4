/**
 * Trains one stage: compiles its programs, sends an epoch and its validation to the pool as one task, and so on to the
 * last epoch, then tests. Everything in the engine's memory is freed at the end, however it ends.
 */
import { type Engine, type Execution, type SpanResult, type StateValues } from '@gradpool/core'
import type { Pass, StagePlan } from '@gradpool/experiments'
import type { SpanPool } from './pool.js'
import type { EpochRow, Sample } from './run-result.js'
import { samplesOf } from './samples.js'
import { lossNotFinite, sentenceOf } from './stage-errors.js'

/** How a stage ended; `epochs` and `seconds` tell of what was done. */
export type StageOutcome = { readonly epochs: readonly EpochRow[]; readonly seconds: number } & (
  | {
      readonly status: 'done'
      readonly testAccuracy: number | null
      readonly samples: readonly Sample[]
      /** All states, by name. */
      readonly state: Readonly<Record<string, Float32Array>>
    }
  | { readonly status: 'failed'; /** One sentence. */ readonly error: string }
  | { readonly status: 'interrupted' }
)

export interface TrainStageOptions {
  readonly plan: StagePlan
  readonly engine: Engine
  readonly pool: SpanPool
  /** First values, from the stage that this one starts from. */
  readonly state: StateValues | undefined
  readonly onEpoch: (row: EpochRow, elapsedSeconds: number) => void
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
  readonly #started = performance.now()
  readonly #epochs: EpochRow[] = []
  readonly #executions: Execution[] = []
  /** Metrics that a warning has told of. */
  readonly #notFinite = new Set<string>()
  #training: Execution | undefined
  #stopped = false

  constructor(options: TrainStageOptions) {
    this.#options = options
  }

  /** Never rejects. */
  async run(): Promise<StageOutcome> {
    try {
      const result = await this.#train()
      return { ...result, ...this.#soFar() }
    } catch (error) {
      // A thread that had to be ended because it did not stop is no failure of the stage.
      if (error instanceof Stopped || this.#stopped) {
        return { status: 'interrupted', ...this.#soFar() }
      }
      const message = error instanceof Failed ? error.message : sentenceOf(error)
      return { status: 'failed', error: `${this.#options.plan.name}: ${message}`, ...this.#soFar() }
    } finally {
      this.#training = undefined
      // What shares states goes before what owns them.
      for (const execution of this.#executions.reverse()) execution.dispose()
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
    const { plan, state } = this.#options
    const training = await this.#compile(plan.training, state && { state })
    const validation = plan.validation && (await this.#share(plan.validation, training))
    this.#training = training
    for (let epoch = 1; epoch <= plan.epochs; epoch++) {
      await this.#epoch(epoch, training, validation)
    }
    const { test, samples } = plan
    const testing = test && (await this.#share(test, training))
    const sampling = samples && (await this.#share(samples, training))
    const [tested, sampled] = await this.#run([testing, sampling])
    if (tested?.status === 'notFinite') {
      throw new Failed('the loss over the test examples is not a finite number')
    }
    return {
      status: 'done',
      testAccuracy: this.#accuracyOf(tested, 'test accuracy', plan.epochs),
      samples: samples && sampled ? samplesOf(samples, sampled.means) : [],
      state: training.read(),
    }
  }

  async #epoch(epoch: number, training: Execution, validation?: Execution): Promise<void> {
    const started = performance.now()
    const [trained, validated] = await this.#run([training, validation])
    if (trained === undefined) return
    if (trained.status === 'notFinite') {
      throw new Failed(lossNotFinite(training.step + 1, epoch, trained.lastLoss))
    }
    if (validated?.status === 'notFinite') {
      throw new Failed(
        `the loss over the validation examples is not a finite number after epoch ${epoch}`,
      )
    }
    const row: EpochRow = {
      epoch,
      cost: rounded(trained.means.loss?.[0] ?? NaN),
      accuracy: this.#accuracyOf(trained, 'training accuracy', epoch),
      validation: this.#accuracyOf(validated, 'validation accuracy', epoch),
      seconds: (performance.now() - started) / 1000,
    }
    this.#epochs.push(row)
    this.#options.onEpoch(row, this.#elapsedSeconds())
  }

  /** One pass of each execution, in order, in one task of the pool. */
  async #run(executions: readonly (Execution | undefined)[]): Promise<(SpanResult | undefined)[]> {
    const present = executions.filter((execution) => execution !== undefined)
    const spans = present.map((execution) => execution.begin(execution.stepsPerEpoch))
    // A stop from before the spans began would be forgotten.
    if (this.#stopped) throw new Stopped()
    const outcomes = await this.#options.pool.run(spans)
    const results = new Map(
      present.map((execution, i) => [execution, execution.finish(outcomes[i])] as const),
    )
    // A span may have ended before it saw the stop: what is done is done, but nothing follows.
    if ([...results.values()].some(({ status }) => status === 'stopped')) throw new Stopped()
    return executions.map((execution) => execution && results.get(execution))
  }

  async #share(pass: Pass, shareStateOf: Execution): Promise<Execution> {
    return this.#compile(pass, { shareStateOf })
  }

  async #compile(
    { program, data }: Pass,
    more: { state?: StateValues; shareStateOf?: Execution } = {},
  ): Promise<Execution> {
    const { engine, plan } = this.#options
    const execution = await engine.compile(program, { data, seed: plan.seed, ...more })
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

/** Digits beyond those of f32 are left off. */
function rounded(mean: number): number {
  return Number(mean.toPrecision(7))
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null
}
