/**
 * A barrier in shared memory, at which the workers of a chunk wait for one another. Every wait has a time limit.
 *
 * The last worker to arrive ends the wait and decides for all whether the chunk goes on, so all workers stop at the
 * same step.
 */

const WORD = { ARRIVED: 0, GENERATION: 1, GOES_ON: 2, ABANDONED: 3 } as const

/** The words of a barrier. */
export type Barrier = Int32Array

export function createBarrier(): Barrier {
  return new Int32Array(new SharedArrayBuffer(4 * Object.keys(WORD).length))
}

/** To be called before a chunk, when no worker waits. */
export function resetBarrier(words: Barrier): void {
  Atomics.store(words, WORD.ARRIVED, 0)
  Atomics.store(words, WORD.ABANDONED, 0)
}

/** Makes all workers leave at once, as one of them will not arrive. */
export function abandonBarrier(words: Barrier): void {
  Atomics.store(words, WORD.ABANDONED, 1)
  // For a worker that is about to wait.
  Atomics.add(words, WORD.GENERATION, 1)
  Atomics.notify(words, WORD.GENERATION)
}

/**
 * Waits for all workers.
 *
 * @param decide called by the last one to arrive: whether the chunk goes on
 * @returns the decision; undefined if the chunk is abandoned, or the others have not arrived in time
 */
export function arriveAt(
  words: Barrier,
  { workers, timeoutMs }: { readonly workers: number; readonly timeoutMs: number },
  decide: () => boolean,
): boolean | undefined {
  if (isAbandoned(words)) return undefined
  const generation = Atomics.load(words, WORD.GENERATION)
  if (Atomics.add(words, WORD.ARRIVED, 1) === workers - 1) {
    Atomics.store(words, WORD.ARRIVED, 0)
    Atomics.store(words, WORD.GOES_ON, Number(decide()))
    Atomics.add(words, WORD.GENERATION, 1)
    Atomics.notify(words, WORD.GENERATION)
  } else if (Atomics.wait(words, WORD.GENERATION, generation, timeoutMs) === 'timed-out') {
    abandonBarrier(words)
  }
  // The next wait cannot change it yet: its last worker to arrive is still here.
  return isAbandoned(words) ? undefined : Atomics.load(words, WORD.GOES_ON) === 1
}

function isAbandoned(words: Barrier): boolean {
  return Atomics.load(words, WORD.ABANDONED) !== 0
}
