/**
 * Runs stages of the graph: trains each, tells of it, writes its files, and keeps what its dependents need.
 */
import { stepsPerEpochOf } from '@gradpool/core/engine'
import type { StagePlan } from '@gradpool/experiments'
import { valuesOf, weightsHash } from '@gradpool/storage'
import { ownVersion, sentenceOf, type TrainingOutcome, type TrainingProgress } from '@gradpool/trainer'
import type { Pass } from '@gradpool/trainer/plan'
import type { DoneStages } from './runs/done-stages.js'
import type { StageEnd } from './runs/experiment-result.js'
import type { RunDirectory } from './runs/run-directory.js'
import { encodeStage } from './runs/encode-stage.js'
import type { RunEvent, StageProgress, StageRef } from './runs/run-result.js'
import { samplesOf } from './runs/samples.js'
import { KeptStates } from './scheduling/kept-states.js'
import type { StageNode } from './scheduling/stage-graph.js'
import type { TimeLeft } from './scheduling/time-left.js'
import type { StageTrainer, StageTraining } from './stage-trainer.js'

export interface StageRunnerOptions {
  /** Which bits the trainer computes; see `Engine.numerics`. */
  readonly numerics: string
  readonly trainer: StageTrainer
  readonly directory: RunDirectory
  readonly done: DoneStages
  readonly emit: (event: RunEvent) => void
  readonly timeLeft: TimeLeft
  readonly checkpointSeconds: number
  readonly stallSeconds: number
}

export class StageRunner {
  readonly #options: StageRunnerOptions
  readonly #kept = new KeptStates()
  readonly #ends = new Map<string, StageEnd>()
  readonly #running = new Map<StageNode, StageTraining>()
  #stopped = false

  constructor(options: StageRunnerOptions) {
    this.#options = options
  }

  /** How stages ended so far, by hash. */
  get ends(): ReadonlyMap<string, StageEnd> {
    return this.#ends
  }

  /** True when the stage is done and its dependents may start. Never rejects. */
  async run(node: StageNode): Promise<boolean> {
    const end = (await this.#reuse(node)) ?? (await this.#train(node))
    this.#ends.set(node.ref.hash, end)
    return end.status === 'done'
  }

  /** The end of a stage that was done before; undefined for one that was not. */
  async #reuse(node: StageNode): Promise<StageEnd | undefined> {
    const { plan, ref } = node
    const done = await this.#options.done.find(plan.hash)
    if (done === undefined) return undefined
    const { test, samples, epochs, seconds, weightsHash } = done.metrics
    // What it started from is not needed any more.
    this.#kept.take(plan)
    this.#kept.keep(node, done.state)
    const { reused } = done.manifest
    const event = { stage: ref, byAnotherRun: reused, test, samples }
    this.#options.emit({ type: 'stageReused', ...event })
    const end = { samples, epochs, seconds, weightsHash, reused }
    return { status: 'done', test: test ?? undefined, ...end }
  }

  async #train(node: StageNode): Promise<StageEnd> {
    const { trainer, emit, checkpointSeconds, stallSeconds } = this.#options
    const { plan, ref } = node
    const training = trainer.start({
      plan,
      ref,
      state: this.#kept.take(plan),
      checkpointSeconds,
      stallSeconds,
      onStarted: (fromStep) => emit({ type: 'stageStarted', stage: ref, ...told(plan), fromStep }),
      onEpoch: (row, elapsedSeconds) => emit({ type: 'epoch', stage: ref, row, elapsedSeconds }),
      onThreads: (threads) => emit({ type: 'threads', stage: ref, threads }),
      onWarning: this.#warn,
    })
    this.#running.set(node, training)
    if (this.#stopped) training.stop()
    const outcome = await training.run()
    this.#running.delete(node)
    const end = await this.#conclude(node, outcome)
    this.#tell(ref, end)
    return end
  }

  readonly #warn = (message: string): void => {
    this.#options.emit({ type: 'warning', message })
  }

  stop(): void {
    this.#stopped = true
    for (const training of this.#running.values()) training.stop()
  }

  /** @param now in seconds since 1970 */
  progress(now: number): StageProgress[] {
    const { timeLeft } = this.#options
    return [...this.#running].flatMap(([{ ref, plan }, training]) => {
      const progress = training.progress()
      return progress === undefined ? [] : [stageProgress(ref, plan.epochs, progress, timeLeft, now)]
    })
  }

  async #conclude(node: StageNode, outcome: TrainingOutcome): Promise<StageEnd> {
    if (outcome.status !== 'done') return outcome
    const { status, state, epoch, firstEpoch, best, epochs, seconds, test } = outcome
    const samples = samplesOf(node.plan, outcome.predictions)
    const told = { seconds, weightsHash: weightsHash(state), epochs, samples }
    const { numerics, directory, done } = this.#options
    const metrics = {
      stage: node.ref,
      numerics,
      version: ownVersion(),
      ...told,
      test: test ?? null,
      firstEpoch,
      ...(best && { bestEpoch: best.epoch }),
    }
    try {
      const by = { run: directory.path, numerics }
      const last = { states: state, epochs: epochs.slice(0, epoch), test }
      const model = encodeStage(node, last, { ...by, onLeftOut: this.#warn })
      const bestModel =
        best &&
        encodeStage(
          node,
          { states: valuesOf(best.states), epochs: epochs.slice(0, best.epoch) },
          // The same as of the other.
          { ...by, onLeftOut: () => undefined },
        )
      const manifest = await directory.writeStage(metrics, model, bestModel)
      // Those that stay are in nobody's way; `gradpool gc` finds them.
      await directory
        .checkpoints(node.plan.hash)
        .clear()
        .catch(() => undefined)
      await done.keep(manifest)
    } catch (error) {
      const message = `${node.plan.name}: ${sentenceOf(error)}`
      return { status: 'failed', error: message, mayRetry: false, epochs, seconds }
    }
    this.#kept.keep(node, state)
    return { status, test, ...told }
  }

  #tell(stage: StageRef, end: StageEnd): void {
    const { emit } = this.#options
    if (end.status === 'done') {
      const { seconds, test = null, samples } = end
      emit({ type: 'stageDone', stage, seconds, test, samples })
    } else if (end.status === 'failed') {
      emit({ type: 'stageFailed', stage, error: end.error })
    }
  }
}

/** What the event of a stage that begins tells of its plan. */
function told(plan: StagePlan) {
  const count = (pass: Pass | undefined) => pass?.program.numExamples ?? 0
  const trained = plan.averaging?.replicas ?? [plan.training]
  return {
    epochs: plan.epochs,
    stepsPerEpoch: stepsPerEpochOf(plan.training.program),
    examples: {
      train: trained.reduce((sum, pass) => sum + count(pass), 0),
      validation: count(plan.validation),
      test: count(plan.test),
    },
  }
}

function stageProgress(
  stage: StageRef,
  epochs: number,
  { epoch, step, steps, last }: TrainingProgress,
  timeLeft: TimeLeft,
  now: number,
): StageProgress {
  const { hash } = stage
  const secondsLeft = timeLeft.secondsLeftOf(hash, now, step) ?? null
  const foreseen = {
    stepsPerSecond: timeLeft.stepsPerSecond(hash),
    secondsLeft,
    mayEndEarly: timeLeft.mayEndEarly(hash),
  }
  return { stage, epoch, epochs, step, steps, last, ...foreseen }
}
