/**
 * What jobs have in common, by hash: loaded once, however many want it at one time, and kept for later jobs as long as
 * there is room. What a job holds stays.
 */

export interface HeldValuesOptions<T> {
  /** Of what no job holds and of what jobs hold together; what jobs hold may be more. */
  readonly mostBytes: number
  readonly free?: (value: T) => void
}

interface Entry<T> {
  readonly value: Promise<T>
  readonly bytes: number
  holders: number
}

export class HeldValues<T> {
  readonly #options: HeldValuesOptions<T>
  /** The one that was used last is the last. */
  readonly #entries = new Map<string, Entry<T>>()
  #bytes = 0

  constructor(options: HeldValuesOptions<T>) {
    this.#options = options
  }

  get bytes(): number {
    return this.#bytes
  }

  /**
   * The value, held until it is given back.
   *
   * @param bytes that it takes
   */
  async take(key: string, bytes: number, load: () => T | Promise<T>): Promise<T> {
    const entry = this.#entries.get(key) ?? { value: loading(load), bytes, holders: 0 }
    if (!this.#entries.delete(key)) this.#bytes += bytes
    this.#entries.set(key, entry)
    entry.holders++
    try {
      return await entry.value
    } catch (error) {
      // One that could not be loaded may be the next time.
      if (this.#entries.get(key) === entry) {
        this.#entries.delete(key)
        this.#bytes -= bytes
      }
      throw error
    }
  }

  give(key: string): void {
    const entry = this.#entries.get(key)
    if (entry && entry.holders > 0) entry.holders--
    this.makeRoom(this.#options.mostBytes)
  }

  /** Lets go of what nobody holds, the longest unused first, until no more bytes than these are left. */
  makeRoom(mostBytes = 0): void {
    for (const [key, { value, bytes, holders }] of this.#entries) {
      if (this.#bytes <= mostBytes) return
      if (holders > 0) continue
      this.#entries.delete(key)
      this.#bytes -= bytes
      const { free } = this.#options
      // It is there: it has been held.
      if (free) void value.then(free)
    }
  }
}

async function loading<T>(load: () => T | Promise<T>): Promise<T> {
  return load()
}
