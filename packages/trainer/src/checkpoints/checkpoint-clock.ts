/**
 * When the next checkpoint is due. It reads the time, and decides nothing about values.
 *
 * One is due every few seconds, and at the end of an epoch unless that would take more than a
 * fiftieth of the time: an epoch may be shorter than writing a file is.
 */

/** Of the time between checkpoints at the ends of epochs, writing them takes at most one part. */
const LEAST_PARTS = 50

export class CheckpointClock {
  readonly #everyMs: number
  #begunMs = performance.now()
  #costMs = 0

  constructor(everySeconds: number) {
    this.#everyMs = everySeconds * 1000
  }

  /** Until one is due, wherever the training is then. */
  msLeft(): number {
    return Math.max(0, this.#begunMs + this.#everyMs - performance.now())
  }

  isDueAtEpochEnd(): boolean {
    const wait = Math.min(this.#everyMs, LEAST_PARTS * this.#costMs)
    return performance.now() - this.#begunMs >= wait
  }

  begin(): void {
    this.#begunMs = performance.now()
  }

  end(): void {
    this.#costMs = performance.now() - this.#begunMs
  }
}
