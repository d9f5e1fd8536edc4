/**
 * When a training makes checkpoints, one at a time. It reads the time, and decides nothing about values.
 *
 * One is due every few seconds, and at the end of an epoch unless that would take more than a
 * 200th of the time, or the last one is hardly over: an epoch may be shorter than writing a file is.
 */
import type { Checkpoint } from './checkpoint.js'

/** Of the time between checkpoints at the ends of epochs, writing them takes at most one part. */
const LEAST_PARTS = 200
/** Between two at the ends of epochs: to copy the states of a small model takes as long as its epochs. */
const LEAST_MS = 100

export interface CheckpointingOptions {
  /** The most seconds between two. */
  readonly everySeconds: number
  /** Fulfilled when the checkpoint is written, or could not be; never rejects. */
  readonly save: (checkpoint: Checkpoint) => Promise<void>
}

export class Checkpointing {
  readonly #save: CheckpointingOptions['save']
  readonly #everyMs: number
  #begunMs = performance.now()
  /** How long the last one took; undefined before the first. */
  #costMs: number | undefined
  #saving: Promise<void> | undefined

  constructor({ everySeconds, save }: CheckpointingOptions) {
    this.#save = save
    this.#everyMs = everySeconds * 1000
  }

  /** Wherever the training is. */
  get isDue(): boolean {
    return this.#msLeft() === 0
  }

  /** The first epoch that ends is always written down. */
  get isDueAtEpochEnd(): boolean {
    if (this.#costMs === undefined) return true
    const wait = Math.min(this.#everyMs, Math.max(LEAST_MS, LEAST_PARTS * this.#costMs))
    return performance.now() - this.#begunMs >= wait
  }

  /** Begins to write a checkpoint, unless the one before is still being written. */
  begin(make: () => Checkpoint): void {
    if (this.#saving !== undefined) return
    this.#begunMs = performance.now()
    this.#costMs ??= 0
    this.#saving = this.#save(make()).then(() => {
      this.#saving = undefined
      this.#costMs = performance.now() - this.#begunMs
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
          this.#begunMs = performance.now()
          arm()
        }
      }, this.#msLeft())
    }
    arm()
    return () => clearTimeout(timer)
  }

  #msLeft(): number {
    return Math.max(0, this.#begunMs + this.#everyMs - performance.now())
  }
}
