/** What has become of the stages and experiments of a run so far: a fold over its events. */
import { type ExperimentResult, type RunEvent, type StageRef } from '@gradpool/orchestrator'

/** An experiment over its seeds. */
export interface Group {
  readonly name: string
  readonly seeds: number
  readonly done: number
  readonly failed: number
  readonly running: number
  /** Accuracies of the tests, or where there are none, losses. */
  readonly results: { readonly name: 'accuracy' | 'loss'; readonly values: readonly number[] }
  /** Of the stage that was heard of last. */
  readonly curve: readonly number[]
}

type StageStatus = 'waiting' | 'running' | 'done' | 'failed'

interface Experiment {
  readonly name: string
  readonly stages: readonly string[]
  result?: Pick<ExperimentResult, 'status' | 'accuracy'> & { readonly loss: number }
}

/** Of a curve, which is drawn in few columns. */
const MOST_POINTS = 512

export class RunTally {
  readonly #status: Map<string, StageStatus>
  readonly #experiments: ReadonlyMap<string, Experiment>
  readonly #curves = new Map<string, readonly number[]>()
  /** By experiment: the stage that was heard of last. */
  readonly #heard = new Map<string, string>()

  constructor(stages: readonly StageRef[]) {
    this.#status = new Map(stages.map(({ hash }) => [hash, 'waiting']))
    const experiments = new Map<string, { name: string; stages: string[] }>()
    for (const { hash, experiments: names, seed } of stages) {
      for (const name of names) {
        const key = keyOf(name, seed)
        const known = experiments.get(key) ?? { name, stages: [] }
        known.stages.push(hash)
        experiments.set(key, known)
      }
    }
    this.#experiments = experiments
  }

  get stages(): number {
    return this.#status.size
  }

  onEvent(event: RunEvent): void {
    if (event.type === 'resumed') {
      for (const [hash, status] of this.#status) if (status === 'running') this.#status.set(hash, 'waiting')
    } else if (event.type === 'experimentDone') {
      const { name, seed, status, accuracy, test } = event.result
      const experiment = this.#experiments.get(keyOf(name, seed))
      if (experiment !== undefined) experiment.result = { status, accuracy, loss: test?.loss ?? NaN }
    } else if ('stage' in event) this.#onStage(event)
  }

  #onStage(event: Extract<RunEvent, { readonly stage: StageRef }>): void {
    const { hash, experiments } = event.stage
    if (event.type === 'stageStarted') {
      this.#status.set(hash, 'running')
      if (event.fromStep === 0) this.#curves.delete(hash)
    } else if (event.type === 'epoch') {
      const { loss, validation } = event.row
      const curve = [...(this.#curves.get(hash) ?? []), validation?.loss ?? loss]
      this.#curves.set(hash, curve.length > MOST_POINTS ? halved(curve) : curve)
      for (const name of experiments) this.#heard.set(name, hash)
    } else if (event.type === 'stageDone' || event.type === 'stageReused') {
      this.#status.set(hash, 'done')
      if (experiments.every((name) => this.#heard.get(name) !== hash)) this.#curves.delete(hash)
    } else if (event.type === 'stageFailed') this.#status.set(hash, 'failed')
  }

  curveOf(hash: string): readonly number[] {
    return this.#curves.get(hash) ?? []
  }

  count(status: StageStatus): number {
    let count = 0
    for (const its of this.#status.values()) if (its === status) count++
    return count
  }

  /** In the order of the run. */
  groups(): Group[] {
    const groups = new Map<string, Experiment[]>()
    for (const one of this.#experiments.values()) {
      const known = groups.get(one.name)
      if (known) known.push(one)
      else groups.set(one.name, [one])
    }
    return [...groups].map(([name, seeds]): Group => {
      const done = seeds.flatMap(({ result }) => (result?.status === 'done' ? [result] : []))
      const accuracies = done.flatMap(({ accuracy }) => accuracy ?? [])
      const losses = done.map(({ loss }) => loss).filter(Number.isFinite)
      const isRunning = ({ stages }: Experiment) => stages.some((hash) => this.#status.get(hash) === 'running')
      return {
        name,
        seeds: seeds.length,
        done: done.length,
        failed: seeds.filter(({ result }) => result?.status === 'failed').length,
        running: seeds.filter(isRunning).length,
        results: accuracies.length > 0 ? { name: 'accuracy', values: accuracies } : { name: 'loss', values: losses },
        curve: this.curveOf(this.#heard.get(name) ?? ''),
      }
    })
  }
}

function keyOf(name: string, seed: number): string {
  return `${seed} ${name}`
}

function halved(values: readonly number[]): number[] {
  return values.flatMap((value, at) => (at % 2 === 0 ? [(value + (values[at + 1] ?? value)) / 2] : []))
}
