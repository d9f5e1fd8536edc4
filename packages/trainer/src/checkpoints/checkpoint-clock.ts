/**
 * When the next checkpoint is due. It reads the time, and decides nothing about values.
 *
 * One is due every few seconds, and at the end of an epoch unless that would take more than a
 * 200th of the time, or the last one is hardly over: an epoch may be shorter than writing a file is.
 */

/** Of the time between checkpoints at the ends of epochs, writing them takes at most one part. */
const LEAST_PARTS = 200
/** Between two at the ends of epochs: to copy the states of a small model takes as long as its epochs. */
const LEAST_MS = 100

export class CheckpointClock {
  readonly #everyMs: number
  #begunMs = performance.now()
  #costMs = 0
  #hasBegun = false

  constructor(everySeconds: number) {
    this.#everyMs = everySeconds * 1000
  }

  /** Until one is due, wherever the training is then. */
  msLeft(): number {
    return Math.max(0, this.#begunMs + this.#everyMs - performance.now())
  }

  /** The first epoch that ends is always written down. */
  isDueAtEpochEnd(): boolean {
    if (!this.#hasBegun) return true
    const wait = Math.min(this.#everyMs, Math.max(LEAST_MS, LEAST_PARTS * this.#costMs))
    return performance.now() - this.#begunMs >= wait
  }

  begin(): void {
    this.#hasBegun = true
    this.#begunMs = performance.now()
  }

  end(): void {
    this.#costMs = performance.now() - this.#begunMs
  }
}
