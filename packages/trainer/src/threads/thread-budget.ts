/**
 * Who may use how many threads of the pool.
 *
 * Each training that runs has a claim to one thread; those that are over go to those that can use more, the one with
 * the most work left first. Threads change hands between chunks: a training that holds more than its share is asked to
 * end its chunk. All threads of a chunk are granted at once, so no two trainings can wait for each other.
 */

/** A training that runs. */
export interface Claim {
  /** The most threads that it can use. */
  readonly most: number
  /** Roughly the work that is left. */
  readonly work: () => number
  /** Called while it holds more threads than its share. */
  readonly giveBack: () => void
}

export class ThreadBudget {
  readonly #total: number
  /** Threads that each claim holds now. */
  readonly #held = new Map<Claim, number>()
  readonly #waiting: (() => void)[] = []

  constructor(total: number) {
    this.#total = total
  }

  /** From here on the claim counts. */
  enter(claim: Claim): void {
    this.#held.set(claim, 0)
    this.#ask()
  }

  leave(claim: Claim): void {
    this.#held.delete(claim)
    this.#wake()
  }

  /** Takes threads for a chunk: the claim's share, or what is free of it; at least one, for which it waits. */
  async take(claim: Claim): Promise<number> {
    for (;;) {
      const free = this.#total - [...this.#held.values()].reduce((sum, held) => sum + held, 0)
      const granted = Math.min(this.#shares().get(claim) ?? 1, free)
      if (granted > 0) {
        this.#held.set(claim, granted)
        return granted
      }
      this.#ask()
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  /** Gives the threads of a chunk back. */
  give(claim: Claim): void {
    if (this.#held.has(claim)) this.#held.set(claim, 0)
    this.#wake()
  }

  #shares(): Map<Claim, number> {
    const shares = new Map([...this.#held.keys()].map((claim) => [claim, 1]))
    let left = this.#total - shares.size
    const byWork = [...shares.keys()].sort((a, b) => b.work() - a.work())
    for (const claim of byWork) {
      const more = Math.max(0, Math.min(claim.most - 1, left))
      shares.set(claim, 1 + more)
      left -= more
    }
    return shares
  }

  #ask(): void {
    const shares = this.#shares()
    for (const [claim, held] of this.#held) if (held > (shares.get(claim) ?? 1)) claim.giveBack()
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
