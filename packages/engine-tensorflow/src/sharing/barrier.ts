/**
 * Workers of a chunk wait for one another here: words in shared memory. No wait is without a time
 * limit.
 *
 * The last worker to arrive ends the wait and decides for all whether the chunk goes on, so no two
 * workers stop at different steps.
 */

const WORD = { ARRIVED: 0, GENERATION: 1, GOES_ON: 2, ABANDONED: 3 } as const

export class Barrier {
  readonly #words: Int32Array
  readonly #workers: number
  readonly #timeoutMs: number

  constructor(buffer: SharedArrayBuffer, workers: number, timeoutMs: number) {
    this.#words = new Int32Array(buffer)
    this.#workers = workers
    this.#timeoutMs = timeoutMs
  }

  static create(): SharedArrayBuffer {
    return new SharedArrayBuffer(4 * Object.keys(WORD).length)
  }

  /** Before a chunk, when no worker is there. */
  static reset(buffer: SharedArrayBuffer): void {
    const words = new Int32Array(buffer)
    Atomics.store(words, WORD.ARRIVED, 0)
    Atomics.store(words, WORD.ABANDONED, 0)
  }

  /** One of the workers will not come: all others leave at once. */
  static abandon(buffer: SharedArrayBuffer): void {
    abandonWords(new Int32Array(buffer))
  }

  /**
   * Waits for all workers.
   *
   * @param decide called by the last one to come: whether the chunk goes on
   * @returns what that one decided; undefined where the chunk is abandoned, or the others have not
   *   come for too long
   */
  arrive(decide: () => boolean): boolean | undefined {
    const words = this.#words
    if (isAbandoned(words)) return undefined
    const generation = Atomics.load(words, WORD.GENERATION)
    if (Atomics.add(words, WORD.ARRIVED, 1) === this.#workers - 1) {
      Atomics.store(words, WORD.ARRIVED, 0)
      Atomics.store(words, WORD.GOES_ON, Number(decide()))
      Atomics.add(words, WORD.GENERATION, 1)
      Atomics.notify(words, WORD.GENERATION)
    } else if (Atomics.wait(words, WORD.GENERATION, generation, this.#timeoutMs) === 'timed-out') {
      abandonWords(words)
    }
    // Read before the next wait can change it: the last to come there is not here yet.
    return isAbandoned(words) ? undefined : Atomics.load(words, WORD.GOES_ON) === 1
  }
}

function isAbandoned(words: Int32Array): boolean {
  return Atomics.load(words, WORD.ABANDONED) !== 0
}

function abandonWords(words: Int32Array): void {
  Atomics.store(words, WORD.ABANDONED, 1)
  // For one that is about to wait.
  Atomics.add(words, WORD.GENERATION, 1)
  Atomics.notify(words, WORD.GENERATION)
}
