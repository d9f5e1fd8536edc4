/**
 * The epochs that a training has done: their rows, which of them was the best, and whether they are
 * enough. All goes by the rows alone, so that it is the same after a resume.
 */
import { EpochRows } from '../checkpoints/epoch-rows.js'
import { metricAt, type EpochRow } from '../metrics/epoch-row.js'
import type { Monitor, TrainingPlan } from '../plan/training-plan.js'

export class DoneEpochs {
  readonly rows = new EpochRows()
  readonly #plan: Pick<TrainingPlan, 'epochs' | 'earlyStopping'>
  readonly #best: Best
  /** What early stopping takes for progress. */
  readonly #progress: Best

  constructor(plan: Pick<TrainingPlan, 'epochs' | 'earlyStopping' | 'monitor'>) {
    const { monitor, earlyStopping } = plan
    this.#plan = plan
    this.#best = new Best(monitor, 0)
    this.#progress = new Best(earlyStopping?.monitor, earlyStopping?.minDelta ?? 0)
  }

  add(row: EpochRow): void {
    this.rows.push(row)
    this.#best.see(row)
    this.#progress.see(row)
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
