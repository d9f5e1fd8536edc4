/**
 * Runs the chunks of one training on as many of the pool's threads as there are for it, and ends threads that make no
 * step.
 */
import { invariant, type ChunkResult } from '@gradpool/core/engine'
import type { Claim, ThreadBudget } from './thread-budget.js'
import type { EnginePool } from './engine-pool.js'
import { runApart, runTogether, type Chunk, type RoundOf } from './team.js'
import { watchSteps } from './watch-steps.js'

export interface TrainingThreadsOptions {
  readonly pool: EnginePool
  readonly budget: ThreadBudget
  /** The most threads that the training can use. */
  readonly most: number
  /** Roughly the work that is left; see `Claim`. */
  readonly work: () => number
  /** A step that takes longer is one that will not end. */
  readonly stallSeconds: number
  /** Told when a chunk begins on another number of threads than the one before; a training begins with one. */
  readonly onThreads: (threads: number) => void
}

/** Called once chunks run, with what ends them within a step, to be continued later; returns what takes that back. */
export type Pauses = (pause: () => void) => () => void

/** Thrown by `run` after `stop`. */
export class Stopped extends Error {}

export class TrainingThreads {
  readonly #options: TrainingThreadsOptions
  readonly #claim: Claim & { most: number }
  readonly #stalled = new AbortController()
  /** What is running. */
  #chunks: readonly Chunk[] = []
  #mayPause = false
  /** How many threads the last chunk ran on. */
  #threads = 1
  #stopped = false
  #isWhole = true
  /** While other machines do something. */
  #elsewhere: AbortController | undefined

  constructor(options: TrainingThreadsOptions) {
    this.#options = options
    const { most, work } = options
    const giveBack = () => {
      if (this.#mayPause) this.#stopChunks()
    }
    this.#claim = { most, work, giveBack }
  }

  /** Once it is known better: an engine may share the steps of a Program among fewer. */
  limit(most: number): void {
    this.#claim.most = Math.min(this.#claim.most, most)
  }

  /** No chunk is in progress or was cut off in the middle of a step, so states can be read. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  /** A thread was ended since it made no step; it may still write. */
  get isStalled(): boolean {
    return this.#stalled.signal.aborted
  }

  get isStopped(): boolean {
    return this.#stopped
  }

  /** From here on threads are kept for the training. */
  enter(): void {
    this.#options.budget.enter(this.#claim)
  }

  leave(): void {
    this.#options.budget.leave(this.#claim)
  }

  /** Ends what runs within a step; nothing runs after it. */
  stop(): void {
    this.#stopped = true
    this.#stopChunks()
    this.#elsewhere?.abort()
  }

  throwIfStopped(): void {
    if (this.#stopped) throw new Stopped()
  }

  /**
   * Chunks one after the other.
   *
   * @returns the results in the order of the chunks, undefined for undefined
   * @throws Stopped after a stop from before they began
   * @throws WorkerDied, and what the engine throws
   */
  async run(chunks: readonly (Chunk | undefined)[]): Promise<readonly (ChunkResult | undefined)[]> {
    const [round] = await this.runRounds(chunks)
    return round?.results ?? []
  }

  /**
   * The same several times, as `runTogether` does.
   *
   * @param pauses Chunks without it are not paused, for other trainings either.
   * @throws as `run`
   */
  async runRounds(
    chunks: readonly (Chunk | undefined)[],
    { times = 1, pauses }: { readonly times?: number; readonly pauses?: Pauses } = {},
  ): Promise<readonly RoundOf<ChunkResult | undefined>[]> {
    if (chunks.some((chunk) => chunk?.feed)) return [await this.#inWindows(chunks, pauses)]
    const present = chunks.filter((chunk) => chunk !== undefined)
    const { pool } = this.#options
    const { signal } = this.#stalled
    const rounds = await this.#onThreads(present, (threads) => {
      const running = runTogether(pool, present, threads, signal, times)
      this.#mayPause = pauses !== undefined
      const endPauses = pauses?.(() => this.#stopChunks())
      return running.finally(endPauses)
    })
    return rounds.map(({ results, ...round }) => {
      const byChunk = new Map(present.map((chunk, i) => [chunk, results[i]] as const))
      return { ...round, results: chunks.map((chunk) => chunk && byChunk.get(chunk)) }
    })
  }

  /** Chunks one after the other, window by window. Only the first is paused; what a pause cuts off is left out. */
  async #inWindows(
    chunks: readonly (Chunk | undefined)[],
    pauses: Pauses | undefined,
  ): Promise<RoundOf<ChunkResult | undefined>> {
    const results: (ChunkResult | undefined)[] = []
    for (const [index, chunk] of chunks.entries()) {
      const result = chunk && (await this.#throughWindows(chunk, index === 0 ? pauses : undefined))
      results.push(result)
      if (result && result.status !== 'done') break
    }
    return { results, secondsAgo: 0 }
  }

  async #throughWindows({ feed, ...chunk }: Chunk, pauses: Pauses | undefined): Promise<ChunkResult> {
    const { execution } = chunk
    let { steps: left, continues } = chunk
    const pause = new AbortController()
    const endPauses = pauses?.(() => {
      pause.abort()
      this.#stopChunks()
    })
    try {
      for (;;) {
        const steps = feed && left > 0 ? Math.min(left, await feed.ready(execution.step)) : left
        const [result] = await this.run([{ execution, steps, continues }])
        invariant(result, 'a chunk has a result')
        left -= steps
        if (result.status !== 'done' || left === 0) return result
        if (pause.signal.aborted) return { ...result, status: 'stopped' }
        continues = true
      }
    } finally {
      endPauses?.()
    }
  }

  /**
   * Groups of chunks, each group on one thread, and once all of them are done, a chunk on all threads. Until then the
   * states that this last one writes are whole.
   *
   * @returns the results of the groups, and whether the last chunk is done, too
   * @throws as `run`
   */
  async runApart(
    groups: readonly (readonly Chunk[])[],
    last: Chunk,
  ): Promise<{ readonly results: readonly ChunkResult[][]; readonly isDone: boolean }> {
    const { pool } = this.#options
    const { signal } = this.#stalled
    return this.#onThreads([...groups.flat(), last], async (threads) => {
      this.#mayPause = false
      this.#isWhole = true
      const results = await runApart(pool, groups, threads, signal)
      if (this.#stopped || results.flat().some(({ status }) => status !== 'done')) {
        return { results, isDone: false }
      }
      this.#isWhole = false
      const [made] = await runTogether(pool, [last], threads, signal)
      return { results, isDone: made?.results[0]?.status === 'done' }
    })
  }

  /**
   * Waits for what other machines do, and takes no thread for it.
   *
   * @param work is given what a stop aborts
   * @throws Stopped after a stop
   */
  async runElsewhere<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.throwIfStopped()
    const stop = (this.#elsewhere = new AbortController())
    try {
      const result = await work(stop.signal)
      this.throwIfStopped()
      return result
    } catch (error) {
      this.throwIfStopped()
      throw error
    } finally {
      this.#elsewhere = undefined
    }
  }

  /** Does something with chunks on threads of this training, and watches their steps. */
  async #onThreads<T>(chunks: readonly Chunk[], work: (threads: number) => Promise<T>): Promise<T> {
    const { budget, stallSeconds } = this.#options
    const threads = await budget.take(this.#claim)
    try {
      // A stop from before the chunks began would be forgotten.
      this.throwIfStopped()
      this.#isWhole = false
      this.#tellThreads(threads)
      this.#chunks = chunks
      const executions = chunks.map(({ execution }) => execution)
      const endWatch = watchSteps(executions, stallSeconds, this.#stalled)
      try {
        const result = await work(threads)
        this.#isWhole = true
        return result
      } finally {
        endWatch()
      }
    } finally {
      this.#chunks = []
      budget.give(this.#claim)
    }
  }

  #stopChunks(): void {
    for (const { execution } of this.#chunks) execution.stop()
  }

  #tellThreads(threads: number): void {
    const used = Math.min(threads, this.#claim.most)
    if (used !== this.#threads) this.#options.onThreads(used)
    this.#threads = used
  }
}
