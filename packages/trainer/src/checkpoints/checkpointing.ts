/** When a training makes checkpoints: as the clock says, and one at a time. */
import type { Checkpoint } from './checkpoint.js'
import { CheckpointClock } from './checkpoint-clock.js'

export interface CheckpointingOptions {
  /** The most seconds between two. */
  readonly everySeconds: number
  /** Fulfilled when the checkpoint is written, or could not be; never rejects. */
  readonly save: (checkpoint: Checkpoint) => Promise<void>
}

export class Checkpointing {
  readonly #save: CheckpointingOptions['save']
  readonly #clock: CheckpointClock
  #saving: Promise<void> | undefined

  constructor({ everySeconds, save }: CheckpointingOptions) {
    this.#save = save
    this.#clock = new CheckpointClock(everySeconds)
  }

  get isDue(): boolean {
    return this.#clock.msLeft() === 0
  }

  get isDueAtEpochEnd(): boolean {
    return this.#clock.isDueAtEpochEnd()
  }

  /** Begins to write a checkpoint, unless the one before is still being written. */
  begin(make: () => Checkpoint): void {
    if (this.#saving !== undefined) return
    this.#clock.begin()
    this.#saving = this.#save(make()).then(() => {
      this.#saving = undefined
      this.#clock.end()
    })
  }

  /** Fulfilled when nothing is being written. */
  async written(): Promise<void> {
    await this.#saving
  }

  /**
   * Calls once the next checkpoint is due and the one before it is written. @returns what takes
   * that back
   */
  whenDue(call: () => void): () => void {
    let timer: NodeJS.Timeout
    const arm = () => {
      timer = setTimeout(() => {
        if (this.#saving === undefined) call()
        else {
          this.#clock.begin()
          arm()
        }
      }, this.#clock.msLeft())
    }
    arm()
    return () => clearTimeout(timer)
  }
}
