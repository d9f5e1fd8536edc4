/** The runs of a folder as they come and go. Looking takes a hundredth of the time at most, however many there are. */
import { RunList, type RunSummary } from '@gradpool/orchestrator'
import { existsSync, type FSWatcher, watch } from 'node:fs'
import { join } from 'node:path'

export interface Listed {
  /** The oldest first. */
  readonly runs: readonly RunSummary[]
  /** One sentence for each that cannot be read. */
  readonly damaged: readonly string[]
}

/** What was read is given again so long. */
const FRESH_MS = 200
const POLL_MS = 1000
const SOON_MS = 500
/** Between two looks, in times of how long one took. */
const REST = 100

export class WatchedList {
  readonly folder: string
  readonly #list: RunList
  readonly #listeners = new Set<() => void>()
  #reading: Promise<Listed> | undefined
  #lastListed: Listed | undefined
  #readAt = -Infinity
  #tookMs = 0
  #watcher: FSWatcher | undefined
  #timer: NodeJS.Timeout | undefined
  #dueAt = Infinity

  constructor(folder: string) {
    this.folder = folder
    this.#list = new RunList(folder)
  }

  /** @throws UserError for a folder that cannot be read */
  async read(): Promise<Listed> {
    if (this.#lastListed !== undefined && performance.now() - this.#readAt < FRESH_MS) return this.#lastListed
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined))
    return this.#reading
  }

  /**
   * The directory of a run by its name: ids of requests are looked up among the runs that there are, and never become
   * paths.
   */
  async directoryOf(id: string): Promise<string | undefined> {
    const has = ({ runs }: Listed) => runs.some(({ name }) => name === id)
    let isThere = this.#lastListed !== undefined && has(this.#lastListed) && existsSync(join(this.folder, id))
    if (!isThere) {
      // It may have begun a moment ago, or been removed.
      this.#readAt = -Infinity
      isThere = has(await this.read())
    }
    return isThere ? join(this.folder, id) : undefined
  }

  /** Tells when the list has changed, twice a second at most. @returns what ends that */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    if (this.#listeners.size === 1) this.#watch()
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) this.close()
    }
  }

  close(): void {
    this.#watcher?.close()
    this.#watcher = undefined
    clearTimeout(this.#timer)
    this.#dueAt = Infinity
  }

  async #read(): Promise<Listed> {
    const began = performance.now()
    const damaged: string[] = []
    const before = this.#lastListed
    const runs = await this.#list.read((damage) => damaged.push(damage))
    const listed = { runs, damaged }
    const ended = performance.now()
    this.#tookMs = ended - began
    this.#lastListed = listed
    this.#readAt = ended
    if (!isSame(before, listed)) for (const listener of [...this.#listeners]) listener()
    return listed
  }

  #watch(): void {
    try {
      this.#watcher = watch(this.folder, { persistent: false }, (_, name) => {
        // Its index changes when it is read.
        if (name?.startsWith('.') !== true) this.#lookIn(Math.max(SOON_MS, (REST / 10) * this.#tookMs))
      }).on('error', () => this.#watcher?.close())
    } catch {
      // A folder that is not there yet, or a system that does not tell: it is looked at.
    }
    this.#lookIn(POLL_MS)
  }

  #lookIn(ms: number): void {
    const due = performance.now() + ms
    if (due >= this.#dueAt) return
    this.#dueAt = due
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#dueAt = Infinity
      void this.#look()
    }, ms).unref()
  }

  async #look(): Promise<void> {
    this.#readAt = -Infinity
    // A folder that cannot be read is told to who asks for the list.
    await this.read().catch(() => undefined)
    if (this.#listeners.size > 0) this.#lookIn(Math.max(POLL_MS, REST * this.#tookMs))
  }
}

/** Runs that have not changed are the same objects, but for those that go on. */
function isSame(before: Listed | undefined, now: Listed): boolean {
  if (before?.runs.length !== now.runs.length) return false
  const isEqual = (a: unknown, b: unknown) => a === b || JSON.stringify(a) === JSON.stringify(b)
  return isEqual(before.damaged, now.damaged) && now.runs.every((run, at) => isEqual(run, before.runs[at]))
}
