/**
 * Trains one stage: compiles its programs, sends an epoch and its validation to the pool as one task, and so on to the
 * last epoch, then tests. Everything in the engine's memory is freed at the end, however it ends.
 *
 * A checkpoint that is due ends the span in progress within a step, copies the states, and lets the epoch go on while the
 * copy is written.
 */
import type { Engine, Execution, ChunkResult, StateValues } from '@gradpool/core'
import type { StagePlan } from '@gradpool/experiments'
import { namedStates, valuesOf, weightsHash } from '@gradpool/storage'
import { WorkerDied } from '@gradpool/worker-pool'
import type { BestStates, Checkpoint } from '../checkpoints/checkpoint.js'
import { Checkpointing } from '../checkpoints/checkpointing.js'
import type { EpochRow } from '../runs/run-result.js'
import type { ThreadBudget } from '../scheduling/thread-budget.js'
import { Accuracies, finite, rounded } from './accuracies.js'
import { givenTo, mostThreads } from './compile-training.js'
import { DoneEpochs } from './done-epochs.js'
import type { EnginePool } from './engine-pool.js'
import { findOrigin } from './find-origin.js'
import { Replicas } from './replicas.js'
import { samplesOf } from './samples.js'
import { lossNotFinite, sentenceOf } from './stage-errors.js'
import { StageExecutions } from './stage-executions.js'
import type { StageOutcome, TrainingProgress } from './stage-outcome.js'
import { StageThreads, Stopped } from './stage-threads.js'
import type { Span } from './team.js'

export interface TrainStageOptions {
  readonly plan: StagePlan
  readonly engine: Engine
  readonly pool: EnginePool
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
  /** @param read what gives the states, by name */
  readonly onEpoch: (row: EpochRow, elapsedSeconds: number, read: () => StateValues) => void
  /** Told when a span begins on another number of threads than the one before; a stage begins with one. */
  readonly onThreads: (threads: number) => void
  /** Told in one sentence of what is wrong but stops nothing. */
  readonly onWarning: (message: string) => void
}

type Result = Omit<Extract<StageOutcome, { status: 'done' }>, 'epochs' | 'seconds'>

/** Thrown inside to leave the training; never leaves this file. */
class Failed extends Error {}

export class StageTraining {
  readonly #options: TrainStageOptions
  readonly #started: number
  readonly #epochs: DoneEpochs
  /** The most threads that the stage can use. */
  readonly #workers: number
  readonly #threads: StageThreads
  readonly #checkpoints: Checkpointing
  readonly #accuracies: Accuracies
  #executions: StageExecutions | undefined
  #training: Execution | Replicas | undefined
  /** The states after the epoch of the best validation so far. */
  #best: BestStates | undefined
  /** Hash of the states after the first epoch. */
  #firstEpoch: string | undefined

  constructor(options: TrainStageOptions) {
    this.#options = options
    const { plan, pool, budget, workers, stallSeconds, onThreads } = options
    this.#epochs = new DoneEpochs(plan)
    this.#workers = Math.min(workers, mostThreads(plan))
    this.#threads = new StageThreads({
      ...{ pool, budget, most: this.#workers, stallSeconds, onThreads },
      work: () => plan.cost * (1 - this.#epochs.count / plan.epochs),
    })
    const { checkpointSeconds: everySeconds, save } = options
    this.#checkpoints = new Checkpointing({ everySeconds, save })
    this.#accuracies = new Accuracies((what) => options.onWarning(`${plan.name}: ${what}`))
    this.#started = performance.now() - 1000 * (options.from?.seconds ?? 0)
  }

  /** Never rejects. */
  async run(): Promise<StageOutcome> {
    this.#threads.enter()
    try {
      const result = await this.#train()
      return { ...result, ...this.#soFar() }
    } catch (error) {
      await this.#checkpoints.written()
      if (this.#threads.isWhole) this.#checkpoint()
      // A thread that had to be ended because it did not stop is no failure of the stage.
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
      this.#training = undefined
      // A thread that had to be ended may still write there.
      if (!this.#threads.isStalled) this.#executions?.dispose()
    }
  }

  /** Ends within a step. */
  stop(): void {
    this.#threads.stop()
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
    const { plan, engine, state, from } = this.#options
    const given = { engine, plan, workers: this.#workers, state }
    const executions = (this.#executions = await StageExecutions.compile(given))
    const { training } = executions
    const validation = plan.validation && (await executions.pass(plan.validation))
    this.#threads.throwIfStopped()
    if (from) {
      training.write(valuesOf(from.states))
      training.seek(from.position)
      for (const row of from.epochs) this.#epochs.add(row)
      this.#best = from.best
      this.#firstEpoch = from.firstEpoch
    }
    this.#training = training
    while (!this.#epochs.areEnough) await this.#epoch(training, validation)
    if (plan.keep === 'best' && this.#best) training.write(valuesOf(this.#best.states))
    const { test, samples } = plan
    const testing = test && (await executions.pass(test))
    const sampling = samples && (await executions.pass(samples))
    this.#threads.throwIfStopped()
    const [tested, sampled] = await this.#threads.run([testing, sampling].map(wholePass))
    this.#threads.throwIfStopped()
    if (tested?.status === 'notFinite') {
      throw new Failed('the loss over the test examples is not a finite number')
    }
    const best = this.#best
    const isLast = plan.keep === 'best' || best?.epoch === this.#epochs.count
    return {
      status: 'done',
      ...(best && !isLast && { best }),
      testAccuracy: this.#accuracies.of(tested, test?.program, 'test accuracy', plan.epochs),
      samples: samples && sampled ? samplesOf(samples, sampled.means) : [],
      state: training.read(),
      firstEpoch: this.#firstEpoch ?? '',
    }
  }

  async #epoch(training: Execution | Replicas, validation?: Execution): Promise<void> {
    const started = performance.now()
    const { plan } = this.#options
    const epoch = this.#epochs.count + 1
    const [trained, validated] =
      training instanceof Replicas
        ? await this.#rounds(epoch, training, validation)
        : await this.#toEndOfEpoch(epoch, training, validation)
    if (validated?.status === 'notFinite') {
      throw new Failed(
        `the loss over the validation examples is not a finite number after epoch ${epoch}`,
      )
    }
    const row: EpochRow = {
      epoch,
      cost: rounded(trained?.means.loss?.[0] ?? NaN),
      accuracy: this.#accuracies.of(trained, plan.training.program, 'training accuracy', epoch),
      validation: this.#accuracies.of(
        validated,
        plan.validation?.program,
        'validation accuracy',
        epoch,
      ),
      seconds: (performance.now() - started) / 1000,
    }
    this.#epochs.add(row)
    if (epoch === 1) this.#firstEpoch = weightsHash(training.read())
    if (this.#epochs.best === epoch) this.#best = { epoch, states: this.#states(training) }
    this.#options.onEpoch(row, this.#elapsedSeconds(), () => training.read())
    if (!this.#epochs.areEnough && this.#checkpoints.isDueAtEpochEnd) this.#checkpoint()
  }

  /** What is left of an epoch, and its validation, with as many checkpoints in between as become due. */
  async #toEndOfEpoch(
    epoch: number,
    training: Execution,
    validation: Execution | undefined,
  ): Promise<(ChunkResult | undefined)[]> {
    const firstStep = (epoch - 1) * training.stepsPerEpoch
    for (;;) {
      if (validation) rewind(validation, epoch - 1)
      const rest: Span = {
        execution: training,
        steps: firstStep + training.stepsPerEpoch - training.step,
        continues: training.step > firstStep,
      }
      const results = await this.#threads.run([rest, wholePass(validation)], (pause) =>
        this.#checkpoints.whenDue(pause),
      )
      await this.#checkLoss(results[0], training, training)
      // A span may have ended before it saw the stop: what is done is done, but nothing follows.
      if (results.every((result) => result?.status !== 'stopped')) return results
      this.#threads.throwIfStopped()
      if (this.#checkpoints.isDue) this.#checkpoint()
    }
  }

  /** The same of replicas: a checkpoint that is due waits for the end of their round. */
  async #rounds(
    epoch: number,
    replicas: Replicas,
    validation: Execution | undefined,
  ): Promise<(ChunkResult | undefined)[]> {
    while (replicas.step < epoch * replicas.stepsPerEpoch) {
      const round = replicas.beginRound()
      const { results, isDone } = await this.#threads.runApart(round, replicas.average)
      for (const [i, spans] of round.entries()) {
        const training = spans.at(-1)?.execution
        if (training) await this.#checkLoss(results[i]?.at(-1), training, replicas, i)
      }
      if (isDone) replicas.endRound()
      this.#threads.throwIfStopped()
      if (this.#checkpoints.isDue) this.#checkpoint()
    }
    if (validation) rewind(validation, epoch - 1)
    const [validated] = await this.#threads.run([wholePass(validation)])
    this.#threads.throwIfStopped()
    return [replicas.result(), validated]
  }

  /** Copies what there is and begins to write it. Between spans only. */
  #checkpoint(): void {
    const training = this.#training
    if (training === undefined) return
    const { plan, engine } = this.#options
    this.#checkpoints.begin(() => ({
      stage: plan.hash,
      numerics: engine.numerics,
      position: training.position(),
      epochs: this.#epochs.rows.snapshot(),
      seconds: this.#elapsedSeconds(),
      states: this.#states(training),
      best: this.#best,
      firstEpoch: this.#firstEpoch,
    }))
  }

  #states(training: Execution | Replicas): Checkpoint['states'] {
    return namedStates(this.#options.plan.training.program.program, training.read())
  }

  /**
   * @param states where the states are that the step began with
   * @throws Failed where a training came upon a loss that is not finite
   */
  async #checkLoss(
    result: ChunkResult | undefined,
    training: Execution,
    states: Pick<Execution, 'read'>,
    replica?: number,
  ): Promise<void> {
    if (result?.status !== 'notFinite') return
    const { engine, plan } = this.#options
    // Told as far as there is the memory to find it.
    const origin = await findOrigin({ engine, training, ...givenTo(plan, replica) }).catch(
      () => undefined,
    )
    throw new Failed(
      lossNotFinite({
        ...{ step: training.step + 1, epoch: this.#epochs.count + 1 },
        ...{ lastLoss: result.lastLoss, state: states.read(), origin },
      }),
    )
  }

  #soFar(): { epochs: EpochRow[]; seconds: number } {
    return { epochs: [...this.#epochs.rows], seconds: this.#elapsedSeconds() }
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
