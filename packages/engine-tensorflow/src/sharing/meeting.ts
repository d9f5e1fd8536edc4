/**
 * Where the workers of a span wait for one another: words in shared memory, and no wait without a way out.
 *
 * A meeting ends when the last worker comes; that one decides for all whether the span goes on, so no two workers stop at
 * different steps.
 */

const WORD = { ARRIVED: 0, MEETING: 1, GOES_ON: 2, ABANDONED: 3 } as const

export class Meeting {
  readonly #words: Int32Array
  readonly #workers: number
  readonly #patienceMs: number

  constructor(buffer: SharedArrayBuffer, workers: number, patienceMs: number) {
    this.#words = new Int32Array(buffer)
    this.#workers = workers
    this.#patienceMs = patienceMs
  }

  static create(): SharedArrayBuffer {
    return new SharedArrayBuffer(4 * Object.keys(WORD).length)
  }

  /** Before a span, when no worker is there. */
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
   * @param decide called by the last one to come: whether the span goes on
   * @returns what that one decided; undefined where the span is abandoned, or the others have not come for too long
   */
  meet(decide: () => boolean): boolean | undefined {
    const words = this.#words
    if (isAbandoned(words)) return undefined
    const meeting = Atomics.load(words, WORD.MEETING)
    if (Atomics.add(words, WORD.ARRIVED, 1) === this.#workers - 1) {
      Atomics.store(words, WORD.ARRIVED, 0)
      Atomics.store(words, WORD.GOES_ON, Number(decide()))
      Atomics.add(words, WORD.MEETING, 1)
      Atomics.notify(words, WORD.MEETING)
    } else if (Atomics.wait(words, WORD.MEETING, meeting, this.#patienceMs) === 'timed-out') {
      abandonWords(words)
    }
    // Read before the next meeting can change it: the last to come there is not here yet.
    return isAbandoned(words) ? undefined : Atomics.load(words, WORD.GOES_ON) === 1
  }
}

function isAbandoned(words: Int32Array): boolean {
  return Atomics.load(words, WORD.ABANDONED) !== 0
}

function abandonWords(words: Int32Array): void {
  Atomics.store(words, WORD.ABANDONED, 1)
  // For one that is about to wait.
  Atomics.add(words, WORD.MEETING, 1)
  Atomics.notify(words, WORD.MEETING)
}
