/**
 * Runs stages of the graph: trains each, tells of it, writes its files, and keeps what its dependents need.
 */
import { stepsPerEpochOf, type Engine, type StateValues } from '@gradpool/core/engine'
import type { StagePlan } from '@gradpool/experiments'
import { reasonOf, valuesOf, weightsHash } from '@gradpool/storage'
import {
  checkpointWriter,
  ownVersion,
  sentenceOf,
  ThreadBudget,
  Training,
  withRetries,
  type Checkpoint,
  type EnginePool,
  type TrainingOutcome,
  type TrainingProfile,
  type TrainingProgress,
} from '@gradpool/trainer'
import type { Pass } from '@gradpool/trainer/plan'
import type { DoneStages } from './runs/done-stages.js'
import type { StageEnd } from './runs/experiment-result.js'
import type { RunDirectory } from './runs/run-directory.js'
import { encodeStage } from './runs/encode-stage.js'
import type { RunEvent, StageProgress, StageRef } from './runs/run-result.js'
import { samplesOf } from './runs/samples.js'
import { KeptStates } from './scheduling/kept-states.js'
import type { StageNode } from './scheduling/stage-graph.js'

export interface StageRunnerOptions {
  readonly engine: Engine
  readonly pool: EnginePool
  /** Threads of the pool. */
  readonly workers: number
  readonly directory: RunDirectory
  readonly done: DoneStages
  readonly emit: (event: RunEvent) => void
  readonly checkpointSeconds: number
  readonly stallSeconds: number
  readonly onProfile: OnProfile | undefined
}

/** Told of a stage that ends what some of its steps spent their time on. */
export type OnProfile = (stage: StageRef, profiles: readonly TrainingProfile[]) => void

export class StageRunner {
  readonly #options: StageRunnerOptions
  readonly #budget: ThreadBudget
  readonly #kept = new KeptStates()
  readonly #ends = new Map<string, StageEnd>()
  readonly #running = new Map<StageNode, Training>()
  #stopped = false

  constructor(options: StageRunnerOptions) {
    this.#options = options
    this.#budget = new ThreadBudget(options.workers)
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
    const state = this.#kept.take(node.plan)
    const outcome = await withRetries(() => this.#trainOnce(node, state), this.#warn)
    const end = await this.#conclude(node, outcome)
    this.#tell(node.ref, end)
    return end
  }

  async #trainOnce(node: StageNode, state: StateValues | undefined): Promise<TrainingOutcome> {
    const { engine, pool, workers, emit, directory, checkpointSeconds, stallSeconds, onProfile } = this.#options
    const { plan, ref } = node
    const stepsPerEpoch = stepsPerEpochOf(plan.training.program)
    const checkpoints = directory.checkpoints(plan.hash)
    let from: Checkpoint | undefined
    try {
      from = await checkpoints.latest({ hash: plan.hash, numerics: engine.numerics }, this.#warn)
    } catch (error) {
      // To begin anew would be to lose what may be there.
      const reason = `${plan.name}: cannot read '${checkpoints.folder}': ${reasonOf(error)}`
      return { status: 'failed', error: reason, mayRetry: false, epochs: [], seconds: 0 }
    }
    const fromStep = from?.position.step ?? 0
    const count = (pass: Pass | undefined) => pass?.program.numExamples ?? 0
    const trained = plan.averaging?.replicas ?? [plan.training]
    const examples = {
      train: trained.reduce((sum, pass) => sum + count(pass), 0),
      validation: count(plan.validation),
      test: count(plan.test),
    }
    emit({ type: 'stageStarted', stage: ref, epochs: plan.epochs, stepsPerEpoch, fromStep, examples })
    const training = new Training({
      plan,
      engine,
      pool,
      workers,
      state,
      from,
      checkpointSeconds,
      stallSeconds,
      budget: this.#budget,
      ...(plan.retrace && { retrace: plan.retrace }),
      save: checkpointWriter(checkpoints, `${plan.name}: `, this.#warn),
      onEpoch: (row, elapsedSeconds) => emit({ type: 'epoch', stage: ref, row, elapsedSeconds }),
      onThreads: (threads) => emit({ type: 'threads', stage: ref, threads }),
      onWarning: this.#warn,
      ...(onProfile && { onProfile: (profiles) => onProfile(ref, profiles) }),
    })
    this.#running.set(node, training)
    if (this.#stopped) training.stop()
    const outcome = await training.run()
    this.#running.delete(node)
    return outcome
  }

  readonly #warn = (message: string): void => {
    this.#options.emit({ type: 'warning', message })
  }

  stop(): void {
    this.#stopped = true
    for (const training of this.#running.values()) training.stop()
  }

  progress(): StageProgress[] {
    return [...this.#running].flatMap(([{ ref, plan }, training]) => {
      const progress = training.progress()
      return progress === undefined ? [] : [stageProgress(ref, plan, progress)]
    })
  }

  async #conclude(node: StageNode, outcome: TrainingOutcome): Promise<StageEnd> {
    if (outcome.status !== 'done') return outcome
    const { status, state, epoch, firstEpoch, best, epochs, seconds, test } = outcome
    const samples = samplesOf(node.plan, outcome.predictions)
    const told = { seconds, weightsHash: weightsHash(state), epochs, samples }
    const { engine, directory, done } = this.#options
    const metrics = {
      stage: node.ref,
      numerics: engine.numerics,
      version: ownVersion(),
      ...told,
      test: test ?? null,
      firstEpoch,
      ...(best && { bestEpoch: best.epoch }),
    }
    try {
      const by = { run: directory.path, numerics: engine.numerics }
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

function stageProgress(
  stage: StageRef,
  { epochs }: StagePlan,
  { elapsedSeconds, ...progress }: TrainingProgress,
): StageProgress {
  const stepsPerSecond = progress.step / elapsedSeconds
  const secondsLeft = progress.step > 0 ? (progress.steps - progress.step) / stepsPerSecond : null
  return { stage, epochs, ...progress, stepsPerSecond, secondsLeft }
}
