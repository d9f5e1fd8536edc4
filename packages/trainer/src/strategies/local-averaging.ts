/**
 * Local SGD: replicas of a training, each on its part of the examples, and the model, which is
 * their average.
 *
 * They train in rounds. A round begins with the states of the model in all replicas, and ends when
 * the model has the average of theirs; until then the model stands where the round before ended. So
 * what is known between rounds is all there is, a round that is cut off is trained again, and it
 * does not matter on which threads the replicas run, or on which machines.
 */
import {
  averaging,
  replicaSeed,
  type Engine,
  type Execution,
  type Position,
  type Progress,
  type ChunkResult,
  type StateValues,
} from '@gradpool/core/engine'
import { pick } from '@gradpool/storage'
import type { Averaging, TrainingPlan } from '../plan/training-plan.js'
import type { Chunk } from '../threads/team.js'
import type { TrainingThreads } from '../threads/training-threads.js'
import type { RunSegments, Segment, SegmentResult } from './segment.js'
import type { Advance, CompileStrategyOptions, Goal, TrainedPart, TrainingStrategy } from './training-strategy.js'

interface Replica extends TrainedPart {
  readonly take: Execution
  /** Its states that steps change, named as the model's, with their own names. */
  readonly ownNames: ReadonlyMap<string, string>
}

export class LocalAveraging implements TrainingStrategy {
  /** Steps are those of the replica that makes the most of them. */
  readonly stepsPerEpoch: number
  readonly feeds = []
  /** Has the model's states, for others to share. */
  readonly model: Execution
  readonly #replicas: readonly Replica[]
  readonly #every: number
  readonly #runSegments: RunSegments | undefined
  /** The model's states by name. */
  readonly #names: readonly string[]
  #position: Position

  private constructor(
    { every, replicas: passes }: Averaging,
    model: Execution,
    replicas: readonly Replica[],
    runSegments: RunSegments | undefined,
  ) {
    this.#every = every
    this.#runSegments = runSegments
    this.model = model
    this.#replicas = replicas
    this.stepsPerEpoch = Math.max(...replicas.map(({ training }) => training.stepsPerEpoch))
    const { states = [] } = passes[0]?.program.program ?? {}
    this.#names = states.map(({ name }) => name)
    this.#position = { step: 0, since: 0, sums: this.#roundSums(), rows: {}, lastLoss: NaN }
  }

  /**
   * @param options `workers` is how many may make the average together.
   * @throws UserError as `Engine.compile`, with nothing left in the engine's memory
   */
  static async compile(
    engine: Engine,
    { averaging: plan, seed }: TrainingPlan & { readonly averaging: Averaging },
    options: CompileStrategyOptions,
  ): Promise<LocalAveraging> {
    const { model, replicas } = averaging(plan.replicas.map(({ program }) => program))
    const alone = { fields: {}, rows: Int32Array.of(0) }
    const made: Execution[] = []
    const compile = async (...given: Parameters<Engine['compile']>) => {
      const execution = await engine.compile(...given)
      made.push(execution)
      return execution
    }
    try {
      const shareStateOf = await compile(model, { ...options, data: alone, seed })
      const compiled: Replica[] = []
      for (const [i, { take, training }] of replicas.entries()) {
        const given = { data: plan.replicas[i]?.data ?? alone, seed: replicaSeed(seed, i) }
        const profile = options.profile ?? false
        const names = plan.replicas[i]?.program.program.updates ?? []
        const ownNames = training.program.updates.map(({ name }, at) => [names[at]?.name ?? name, name] as const)
        compiled.push({
          ...given,
          ownNames: new Map(ownNames),
          program: training,
          take: await compile(take, { data: alone, seed, shareStateOf }),
          training: await compile(training, { ...given, shareStateOf, profile }),
        })
      }
      return new LocalAveraging(plan, shareStateOf, compiled, options.runSegments)
    } catch (error) {
      for (const execution of made.reverse()) execution.dispose()
      throw error
    }
  }

  get executions(): readonly Execution[] {
    return [this.model, ...this.#replicas.flatMap(({ take, training }) => [take, training])]
  }

  /** One for each replica. */
  get workers(): number {
    return this.#replicas.length
  }

  /** Steps up to the last average. */
  get step(): number {
    return this.#position.step
  }

  progress(): Progress {
    const { step, lastLoss } = this.#position
    if (this.#runSegments) return { step, last: { loss: lastLoss }, results: {} }
    const steps = this.#replicas.map(({ training }) => training.progress())
    return steps.reduce((most, each) => (each.step > most.step ? each : most))
  }

  position(): Position {
    return this.#position
  }

  seek(position: Position): void {
    this.#position = position
    for (const { training } of this.#replicas) {
      const step = this.#pace(training, position.step)
      training.seek({ ...training.position(), step, since: step })
    }
  }

  read(): Record<string, Float32Array> {
    return pick(this.model.read(), this.#names)
  }

  write(values: StateValues): void {
    this.model.write(values)
  }

  /** A round, or, where the epoch has no more of them, its validation. */
  async advance(threads: TrainingThreads, { epoch, validation }: Goal): Promise<Advance> {
    if (this.step >= epoch * this.stepsPerEpoch) {
      const [validated] = await threads.run([validation])
      if (validated?.status === 'stopped') return { done: [] }
      return { done: [{ trained: this.#result(), validated, secondsAgo: 0 }] }
    }
    const { results, isDone } = await (this.#runSegments
      ? this.#runElsewhere(threads, this.#runSegments)
      : threads.runApart(this.#round(), this.#average))
    for (const [i, replica] of this.#replicas.entries()) {
      const last = results[i]?.at(-1)
      if (last?.status === 'notFinite') return { done: [], lost: { ...replica, lastLoss: last.lastLoss } }
    }
    if (isDone) this.#endRound()
    return { done: [] }
  }

  /** A round whose replicas other machines train: what they come to is put where threads of this one would leave it. */
  async #runElsewhere(threads: TrainingThreads, runSegments: RunSegments) {
    const states = this.read()
    const segments = this.#round().map((chunks, replica): Segment => {
      const { execution, steps = 0 } = chunks.at(-1) ?? {}
      return { replica, states, step: execution?.step ?? 0, steps }
    })
    const made = await threads.runElsewhere((signal) => runSegments(segments, signal))
    const results = this.#replicas.map((replica, i) => [made[i]].flatMap((each) => each ?? []).map(placeIn(replica)))
    if (results.flat().some(({ status }) => status !== 'done')) return { results, isDone: false }
    const [averaged] = await threads.run([this.#average])
    return { results, isDone: averaged?.status === 'done' }
  }

  async runFirstEpoch(): Promise<void> {
    while (this.step < this.stepsPerEpoch) {
      const chunks = [...this.#round().flat(), this.#average]
      for (const { execution, steps } of chunks) await execution.run({ steps })
      this.#endRound()
    }
  }

  /** What each replica does in the next round, one chunk after the other. */
  #round(): readonly (readonly Chunk[])[] {
    this.seek(this.#position)
    const end = this.#endOfRound()
    return this.#replicas.map(({ take, training }) => {
      const steps = this.#pace(training, end) - training.step
      return [take, training].map((execution) => {
        return { execution, steps: execution === take ? 1 : steps, continues: false }
      })
    })
  }

  /** What follows once all replicas have done their part of a round. */
  get #average(): Chunk {
    return { execution: this.model, steps: 1, continues: false }
  }

  /** Counts a round, its average included. */
  #endRound(): void {
    const { step, since, sums, rows } = this.#position
    const isNewEpoch = step % this.stepsPerEpoch === 0
    const round = this.#roundSums()
    const total = Object.entries(round).map(([name, own]) => {
      const before = isNewEpoch ? undefined : sums[name]
      return [name, before ? added(before, own) : own] as const
    })
    const lastLoss = this.#replicas[0]?.training.position().lastLoss ?? NaN
    this.#position = {
      step: this.#endOfRound(),
      since: isNewEpoch ? step : since,
      sums: Object.fromEntries(total),
      rows: this.#roundRows(isNewEpoch ? {} : rows),
      lastLoss,
    }
  }

  /**
   * Of the epoch that has ended: the means over all its steps, each with the weights that its
   * replica had then.
   */
  #result(): ChunkResult {
    const { step, since, sums, rows, lastLoss } = this.#position
    const examples = this.#replicas.reduce((sum, { training }) => {
      return sum + training.program.numExamples
    }, 0)
    const means = Object.entries(sums).map(([name, values]) => [name, values.map((sum) => sum / examples)] as const)
    return { status: 'done', steps: step - since, means: Object.fromEntries(means), rows, lastLoss }
  }

  #endOfRound(): number {
    const { step } = this.#position
    const inEpoch = step % this.stepsPerEpoch
    const next = (Math.floor(inEpoch / this.#every) + 1) * this.#every
    return step - inEpoch + Math.min(next, this.stepsPerEpoch)
  }

  /**
   * A replica's step when all have gone as far through their examples as the one with the most
   * steps at `step`.
   */
  #pace({ stepsPerEpoch }: Execution, step: number): number {
    const epoch = Math.floor(step / this.stepsPerEpoch)
    const inEpoch = step % this.stepsPerEpoch
    return epoch * stepsPerEpoch + Math.floor((inEpoch * stepsPerEpoch) / this.stepsPerEpoch)
  }

  /** Of the last round: the replicas' own, added up in order. */
  #roundSums(): Record<string, Float64Array> {
    const total: Record<string, Float64Array> = {}
    for (const { training } of this.#replicas) {
      for (const [name, own] of Object.entries(training.position().sums)) {
        const before = total[name]
        total[name] = before ? added(before, own) : own
      }
    }
    return total
  }

  /** Those of the last round, replica by replica, after the rows before. */
  #roundRows(before: Position['rows']): Record<string, Float32Array> {
    const all: Record<string, Float32Array> = { ...before }
    for (const { training } of this.#replicas) {
      for (const [name, own] of Object.entries(training.position().rows)) {
        const sofar = all[name] ?? new Float32Array()
        const joined = (all[name] = new Float32Array(sofar.length + own.length))
        joined.set(sofar)
        joined.set(own, sofar.length)
      }
    }
    return all
  }
}

/** Puts what a segment came to into a replica. */
function placeIn({ training, ownNames }: Replica) {
  return ({ status, states, position }: SegmentResult) => {
    const named = Object.entries(states).map(([name, values]) => [ownNames.get(name) ?? name, values] as const)
    training.write(Object.fromEntries(named))
    const before = training.position().lastLoss
    const lastLoss = Number.isNaN(position.lastLoss) ? before : position.lastLoss
    training.seek({ ...position, lastLoss })
    return { status, lastLoss }
  }
}

function added(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value + (b[i] ?? 0))
}
