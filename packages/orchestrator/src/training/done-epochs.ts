/**
 * The epochs that a stage has done: their rows, which of them was the best, and whether they are enough. All goes by the
 * rows alone, so that it is the same after a resume.
 */
import type { StagePlan } from '@gradpool/experiments'
import { EpochRows } from '../checkpoints/epoch-rows.js'
import type { EpochRow } from '../runs/run-result.js'

export class DoneEpochs {
  readonly rows = new EpochRows()
  readonly #plan: Pick<StagePlan, 'epochs' | 'earlyStopping'>
  readonly #best = new Highest(0)
  /** What early stopping takes for progress. */
  readonly #progress: Highest

  constructor(plan: Pick<StagePlan, 'epochs' | 'earlyStopping'>) {
    this.#plan = plan
    this.#progress = new Highest(plan.earlyStopping?.minDelta ?? 0)
  }

  add(row: EpochRow): void {
    this.rows.push(row)
    this.#best.see(row)
    this.#progress.see(row)
  }

  get count(): number {
    return this.rows.length
  }

  /** The first of the highest validation accuracy; 0 where there was none. */
  get best(): number {
    return this.#best.epoch
  }

  /** Whether these are all epochs, or as many without progress as early stopping waits for. */
  get areEnough(): boolean {
    const { epochs, earlyStopping } = this.#plan
    if (this.count >= epochs) return true
    return (
      earlyStopping !== undefined && this.count - this.#progress.epoch >= earlyStopping.patience
    )
  }
}

/** The last epoch whose validation accuracy was above that of the one before it here by more than `minDelta`. */
class Highest {
  readonly #minDelta: number
  #accuracy = -Infinity
  /** 0 before there is one. */
  epoch = 0

  constructor(minDelta: number) {
    this.#minDelta = minDelta
  }

  see({ epoch, validation }: EpochRow): void {
    if (validation === null || validation <= this.#accuracy + this.#minDelta) return
    this.epoch = epoch
    this.#accuracy = validation
  }
}
