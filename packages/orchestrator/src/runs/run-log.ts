/**
 * Tells sinks of the stages of a run, each a training of its own: by the events of the run, and by what a stage left.
 */
import type { ExperimentPlan, StagePlan } from '@gradpool/experiments'
import { messageOf, namedStates } from '@gradpool/storage'
import { startedTraining, type SinkFeed } from '@gradpool/trainer'
import type { EngineTold } from './run-record.js'
import type { RunEvent, Sample, StageRef } from './run-result.js'
import { readDoneStage } from './stage-files.js'

export interface RunLogOptions {
  readonly plans: readonly ExperimentPlan[]
  readonly engine: EngineTold
  readonly feed: SinkFeed
  readonly stageFolder: (hash: string) => string
  readonly warn: (message: string) => void
}

export class RunLog {
  readonly #options: RunLogOptions
  readonly #names: ReadonlyMap<string, string>
  readonly #plans: ReadonlyMap<string, StagePlan>
  readonly #epochs = new Map<string, number>()
  /** What reads the files of stages that are done. */
  readonly #reading = new Set<Promise<void>>()

  constructor(options: RunLogOptions) {
    this.#options = options
    const { plans } = options
    this.#names = trainingNames(plans)
    this.#plans = new Map(plans.flatMap(({ stages }) => stages.map((plan) => [plan.hash, plan] as const)))
  }

  /** The epoch of a stage that was done last. */
  epochOf({ hash }: StageRef): number {
    return this.#epochs.get(hash) ?? 0
  }

  onEvent(event: RunEvent): void {
    if (event.type === 'epoch') this.#epochs.set(event.stage.hash, event.row.epoch)
    const { feed } = this.#options
    if (feed.isEmpty || !('stage' in event)) return
    const training = this.#nameOf(event.stage)
    if (event.type === 'stageStarted') this.#start(event.stage)
    else if (event.type === 'epoch') feed.tell(training, { type: 'epoch', row: event.row })
    else if (event.type === 'logged') feed.tell(training, event.item)
    else if (event.type === 'stageFailed') {
      feed.tell(training, { type: 'ended', status: 'failed', epoch: this.epochOf(event.stage), test: null })
    } else if (event.type !== 'threads') {
      const reading = this.#end(event).catch((error: unknown) => this.#options.warn(messageOf(error)))
      this.#reading.add(reading)
      void reading.then(() => this.#reading.delete(reading))
    }
  }

  /** Ends what is in progress. Never rejects. */
  async close(): Promise<void> {
    await Promise.all(this.#reading)
    await this.#options.feed.close('interrupted')
  }

  #nameOf({ hash }: StageRef): string {
    return this.#names.get(hash) ?? hash
  }

  #start(stage: StageRef): void {
    const plan = this.#plans.get(stage.hash)
    if (plan === undefined) return
    const { engine, feed } = this.#options
    const more = { experiment: stage.experiments.join(', '), stage: stage.name }
    const { learning, data } = plan
    feed.tell(this.#nameOf(stage), startedTraining(plan, { learning, data, engine: engine.name, more }))
  }

  /** A stage that an earlier run trained is told of as a whole. */
  async #end({ type, stage, test, samples }: Extract<RunEvent, { type: 'stageDone' | 'stageReused' }>): Promise<void> {
    const { feed, engine, stageFolder } = this.#options
    const training = this.#nameOf(stage)
    const withWeights = feed.wantsWeights('end')
    const folder = stageFolder(stage.hash)
    const wanted = { hash: stage.hash, numerics: engine.numerics }
    const done = withWeights || type === 'stageReused' ? await readDoneStage(folder, wanted) : undefined
    const epochs = done?.metrics.epochs ?? []
    if (type === 'stageReused') {
      this.#start(stage)
      for (const row of epochs) feed.tell(training, { type: 'epoch', row })
    }
    const epoch = epochs.at(-1)?.epoch ?? this.epochOf(stage)
    for (const [at, sample] of samples.entries()) this.#tellSample(training, epoch, at, sample)
    const program = this.#plans.get(stage.hash)?.training.program
    const named = withWeights && done && program ? [...namedStates(program.program, done.state)] : []
    const weights = named.flatMap(([name, { values }]) => (name.includes('/') ? [] : [[name, values] as const]))
    feed.tell(training, {
      type: 'ended',
      status: 'done',
      epoch,
      test,
      ...(withWeights && { weights: Object.fromEntries(weights) }),
    })
  }

  #tellSample(training: string, epoch: number, at: number, { image, imageShape, ...sample }: Sample): void {
    const { feed } = this.#options
    const [height, width] = imageShape
    const { truth, estimate, reconstruction } = sample
    const tell = (name: string, values: readonly number[]) =>
      feed.tell(training, {
        type: 'image',
        name,
        epoch,
        image: { bytes: Uint8Array.from(values, (value) => Math.round(value)), height, width, channels: 1 },
      })
    const judged = estimate === undefined ? '' : `, estimate ${estimate}`
    tell(`samples/${at + 1}: truth ${truth}${judged}`, image)
    if (reconstruction !== undefined) tell(`samples/${at + 1}: reconstruction`, reconstruction)
  }
}

/** By the hash of the stage: `mnist_auto_1/classify@2`, without the stage or the seed where there is one of them. */
function trainingNames(plans: readonly ExperimentPlan[]): Map<string, string> {
  const names = new Map<string, string>()
  const manySeeds = new Set(plans.map(({ seed }) => seed)).size > 1
  const taken = new Set<string>()
  for (const { name, seed, stages } of plans) {
    for (const stage of stages) {
      if (names.has(stage.hash)) continue
      const own = [name, ...(stages.length > 1 ? [stage.name] : [])].join('/') + (manySeeds ? `@${seed}` : '')
      let free = own
      for (let more = 2; taken.has(free); more++) free = `${own}-${more}`
      taken.add(free)
      names.set(stage.hash, free)
    }
  }
  return names
}
