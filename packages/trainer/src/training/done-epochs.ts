/**
 * The epochs that a training has done: their rows, which of them was the best, whether they are enough, and whether
 * learning rates are to be reduced. All goes by the rows alone, so that it is the same after a resume.
 */
import type { PlateauState } from '@gradpool/core/engine'
import { EpochRows } from '../checkpoints/epoch-rows.js'
import { metricAt, type EpochRow } from '../metrics/epoch-row.js'
import type { Monitor, TrainingPlan } from '../plan/training-plan.js'

export class DoneEpochs {
  readonly rows = new EpochRows()
  readonly #plan: Pick<TrainingPlan, 'epochs' | 'earlyStopping'>
  readonly #best: Best
  /** What early stopping takes for progress. */
  readonly #progress: Best
  readonly #plateaus: readonly Plateau[]

  constructor(
    plan: Pick<TrainingPlan, 'epochs' | 'earlyStopping' | 'monitor'>,
    plateaus: readonly PlateauState[] = [],
  ) {
    const { monitor, earlyStopping } = plan
    this.#plan = plan
    this.#best = new Best(monitor, 0)
    this.#progress = new Best(earlyStopping?.monitor, earlyStopping?.minDelta ?? 0)
    this.#plateaus = plateaus.map((each) => new Plateau(monitor ?? { name: 'loss', mode: 'min' }, each))
  }

  add(row: EpochRow): void {
    this.rows.push(row)
    this.#best.see(row)
    this.#progress.see(row)
    for (const plateau of this.#plateaus) plateau.see(row)
  }

  /** The states that count reductions of a learning rate, of those that follow the last epoch. */
  get reduced(): readonly string[] {
    return this.#plateaus.filter(({ isMet }) => isMet).map(({ state }) => state)
  }

  get count(): number {
    return this.rows.length
  }

  /** The first of the best; 0 where there was none. */
  get best(): number {
    return this.#best.epoch
  }

  /** Whether these are all epochs, or as many without progress as early stopping waits for. */
  get areEnough(): boolean {
    const { epochs, earlyStopping } = this.#plan
    if (this.count >= epochs) return true
    return earlyStopping !== undefined && this.count - this.#progress.epoch >= earlyStopping.patience
  }
}

/** The last epoch that was better than the one before it here by more than `minDelta`. */
class Best {
  readonly #monitor: Monitor | undefined
  readonly #minDelta: number
  /** The metric, or its negative where less is better. */
  #value = -Infinity
  /** 0 before there is one. */
  epoch = 0

  constructor(monitor: Monitor | undefined, minDelta: number) {
    this.#monitor = monitor
    this.#minDelta = minDelta
  }

  see(row: EpochRow): void {
    if (this.#monitor === undefined) return
    const { name, mode } = this.#monitor
    const metric = metricAt(row, name) ?? NaN
    const value = mode === 'min' ? -metric : metric
    if (!Number.isFinite(metric) || value <= this.#value + this.#minDelta) return
    this.epoch = row.epoch
    this.#value = value
  }
}

/** Epochs without progress since the last progress or reduction. */
class Plateau {
  readonly state: string
  readonly #best: Best
  readonly #patience: number
  #epochs = 0
  /** Whether the last epoch was as many without progress as it waits for. */
  isMet = false

  constructor(monitor: Monitor, { state, patience, minDelta }: PlateauState) {
    this.state = state
    this.#best = new Best(monitor, minDelta)
    this.#patience = patience
  }

  see(row: EpochRow): void {
    this.#best.see(row)
    this.#epochs = this.#best.epoch === row.epoch ? 0 : this.#epochs + 1
    this.isMet = this.#epochs === this.#patience
    if (this.isMet) this.#epochs = 0
  }
}
