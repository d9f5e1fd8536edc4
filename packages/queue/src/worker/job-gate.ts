/** Jobs train beside one another; one that was struck trains alone, so that what ends the process is known to be it. */
export class JobGate {
  readonly #inside = new Set<symbol>()
  readonly #waiting: { readonly isAlone: boolean; readonly open: () => void }[] = []
  #hasAlone = false

  /** @returns what a job calls when it leaves */
  async enter(isAlone: boolean): Promise<() => void> {
    // First come, first in: else one that is to be alone might wait for ever.
    if (this.#waiting.length > 0 || !this.#mayEnter(isAlone)) {
      await new Promise<void>((open) => this.#waiting.push({ isAlone, open }))
    }
    const job = Symbol()
    this.#inside.add(job)
    this.#hasAlone = isAlone
    this.#letIn()
    return () => {
      this.#inside.delete(job)
      if (this.#inside.size === 0) this.#hasAlone = false
      this.#letIn()
    }
  }

  #mayEnter(isAlone: boolean): boolean {
    return this.#inside.size === 0 || !(isAlone || this.#hasAlone)
  }

  /** The next one; who enters lets in the one after. */
  #letIn(): void {
    const [next] = this.#waiting
    if (next === undefined || !this.#mayEnter(next.isAlone)) return
    this.#waiting.shift()
    next.open()
  }
}
