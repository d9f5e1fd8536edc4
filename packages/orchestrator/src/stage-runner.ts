/**
 * Runs stages of the graph: trains each, tells of it, writes its files, and keeps what its dependents need.
 */
import { sizeOf, type Engine, type StateValues } from '@gradpool/core'
import type { StagePlan } from '@gradpool/experiments'
import type { StageEnd } from './experiment-result.js'
import { KeptStates } from './kept-states.js'
import type { SpanPool } from './pool.js'
import type { RunDirectory } from './run-directory.js'
import type { RunEvent, StageProgress, StageRef } from './run-result.js'
import type { NamedArray } from './safetensors.js'
import { sentenceOf } from './stage-errors.js'
import type { StageNode } from './stage-graph.js'
import { StageTraining, type StageOutcome, type TrainingProgress } from './train-stage.js'
import { weightsHash } from './weights-hash.js'

export interface StageRunnerOptions {
  readonly engine: Engine
  readonly pool: SpanPool
  readonly directory: RunDirectory
  readonly emit: (event: RunEvent) => void
}

export class StageRunner {
  readonly #options: StageRunnerOptions
  readonly #kept = new KeptStates()
  readonly #ends = new Map<string, StageEnd>()
  readonly #running = new Map<StageNode, StageTraining>()

  constructor(options: StageRunnerOptions) {
    this.#options = options
  }

  /** How stages ended so far, by hash. */
  get ends(): ReadonlyMap<string, StageEnd> {
    return this.#ends
  }

  /** True when the stage is done and its dependents may start. Never rejects. */
  async run(node: StageNode): Promise<boolean> {
    const { engine, pool, emit } = this.#options
    const { plan, ref } = node
    const { batchSize, numExamples } = plan.training.program
    const stepsPerEpoch = Math.ceil(numExamples / batchSize)
    emit({ type: 'stageStarted', stage: ref, epochs: plan.epochs, stepsPerEpoch })
    const training = new StageTraining({
      plan,
      engine,
      pool,
      state: this.#kept.take(plan),
      onEpoch: (row, elapsedSeconds) => emit({ type: 'epoch', stage: ref, row, elapsedSeconds }),
      onWarning: (message) => emit({ type: 'warning', message }),
    })
    this.#running.set(node, training)
    const outcome = await training.run()
    const end = await this.#conclude(node, outcome)
    this.#running.delete(node)
    this.#ends.set(ref.hash, end)
    this.#tell(ref, end)
    return end.status === 'done'
  }

  stop(): void {
    for (const training of this.#running.values()) training.stop()
  }

  progress(): StageProgress[] {
    return [...this.#running].flatMap(([{ ref, plan }, training]) => {
      const progress = training.progress()
      return progress === undefined ? [] : [stageProgress(ref, plan, progress)]
    })
  }

  async #conclude(node: StageNode, outcome: StageOutcome): Promise<StageEnd> {
    if (outcome.status !== 'done') return outcome
    const { state, ...rest } = outcome
    const { epochs, seconds, testAccuracy, samples } = rest
    const weights = weightsHash(state)
    const metrics = { stage: node.ref, seconds, testAccuracy, weights, epochs, samples }
    try {
      await this.#options.directory.writeStage(metrics, namedStates(node.plan, state))
    } catch (error) {
      const message = `${node.plan.name}: ${sentenceOf(error)}`
      return { status: 'failed', error: message, epochs, seconds }
    }
    this.#kept.keep(node, state)
    return { ...rest, weights }
  }

  #tell(stage: StageRef, end: StageEnd): void {
    const { emit } = this.#options
    if (end.status === 'done') {
      const { seconds, testAccuracy, samples } = end
      emit({ type: 'stageDone', stage, seconds, testAccuracy, samples })
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

/** The states with their shapes, as the training's program has them. */
function namedStates({ training }: StagePlan, state: StateValues): Map<string, NamedArray> {
  const { program } = training.program
  const shapes = new Map(
    program.inputs.map(({ name, node }) => [name, program.node(node).shape] as const),
  )
  return new Map(
    Object.entries(state).map(([name, values]) => {
      const shape = shapes.get(name)
      const fits = shape !== undefined && sizeOf(shape) === values.length
      return [name, { shape: fits ? shape : [values.length], values }]
    }),
  )
}
