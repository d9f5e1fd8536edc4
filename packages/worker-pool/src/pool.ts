/**
 * The worker threads: Piscina, one task per thread, and a way out of every wait.
 *
 * A thread that dies fails the task it had, and no other; Piscina replaces it.
 */
import { UserError } from '@gradpool/core'
import { findUrl, WORKER_FILE } from '@gradpool/core/engine'
import type { Piscina } from 'piscina'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { workerData, type Worker } from 'node:worker_threads'
import type { Answer, Job, PoolThread } from './pool-worker.js'

export interface PoolOptions {
  readonly workers: number
  /** URL of the module that does the tasks, loaded once in each thread. */
  readonly workerModule: string
  /** The function of that module which gets each task and gives, or promises, its outcome. */
  readonly exportName: string
  /** Told of errors that belong to no task. A thread that cannot start fails the task that waits for it, too. */
  readonly onError?: (error: Error) => void
  /**
   * Told once, when a thread that was ended goes on: it is in native code, which nothing but the end of the process
   * ends.
   */
  readonly onStuck?: () => void
}

export interface WorkerPool<Task = unknown, Outcome = unknown> {
  /**
   * Does tasks one after the other on one thread; their outcomes, in order.
   *
   * @param signal Aborted, it ends the thread, an endless loop of JavaScript or WebAssembly included. A thread that is
   *   in native code for `END_MS` more is left behind, and another one takes its place.
   * @throws WorkerDied when the thread ends first; otherwise what the module throws there.
   */
  run(tasks: readonly Task[], signal?: AbortSignal): Promise<Outcome[]>
  /** Ends all threads, tasks or not, and returns when they are gone or after `CLOSE_MS`. */
  close(): Promise<void>
}

/** A worker thread ended before its task did. */
export class WorkerDied extends Error {
  override name = 'WorkerDied'
}

/** What there is to say of a thread that does not end. */
export const STUCK = 'a worker thread is in native code that does not return, which only the end of this process ends'

const CLOSE_MS = 5000
const END_MS = 3000
const LOOK_MS = 20

/** Pools in threads of pools in threads: more is a bundle that starts itself. */
const MOST_DEPTH = 3

/**
 * The file that threads start with. Another file in its place would never answer, so its text is looked at. Threads
 * always load what was built.
 */
function workerFile(): string {
  const url = findUrl({
    name: 'pool-worker.js',
    own: () =>
      import.meta.url.endsWith('.ts')
        ? new URL('../dist/pool-worker.js', import.meta.url)
        : new URL('./pool-worker.js', import.meta.url),
    specifier: '@gradpool/worker-pool/pool-worker',
    instead: [WORKER_FILE],
    // The text itself is not in this module.
    has: /gradpool:pool[-]worker/,
  })
  return fileURLToPath(url)
}

/**
 * @throws UserError in a thread that was started as one of a pool and runs something else: the program itself, which
 *   would start threads that start threads
 */
function depthHere(): number {
  const { gradpool, depth = 0, servedBy, isUsed = false } = (workerData ?? {}) as Partial<PoolThread>
  if (gradpool !== 'pool') return 0
  if (servedBy !== undefined && isUsed && depth < MOST_DEPTH) return depth
  throw new UserError(
    'this program was started as its own worker thread: a bundle needs the file gradpool-worker.js beside it, apart from the program (docs/bundling.md)',
  )
}

/** Its threads start at once. */
export function createPool<Task = unknown, Outcome = unknown>(options: PoolOptions): WorkerPool<Task, Outcome> {
  const pool = startPool<Task, Outcome>(options)
  // What awaits it is told.
  pool.catch(() => undefined)
  return {
    run: async (tasks, signal) => (await pool).run(tasks, signal),
    close: async () => (await pool).close(),
  }
}

async function startPool<Task, Outcome>(options: PoolOptions): Promise<WorkerPool<Task, Outcome>> {
  // Loaded here, so that who may need a pool but does not waits for nothing.
  const depth = depthHere() + 1
  const filename = workerFile()
  const { Piscina } = await import('piscina')
  const { workers, workerModule, exportName } = options
  const { onError = () => undefined, onStuck = () => undefined } = options
  const piscina = new Piscina<Job<Task>, Answer<Outcome>>({
    ...threadFiles(filename, depth),
    name: 'runJob',
    minThreads: workers,
    maxThreads: workers,
    concurrentTasksPerWorker: 1,
    atomics: 'disabled',
    idleTimeout: Infinity,
    recordTiming: false,
    workerHistogram: false,
    // A worker holds little but its module's code: small heaps keep each further one cheap.
    resourceLimits: { maxYoungGenerationSizeMb: 4 },
    execArgv: [],
  })
  // When no thread is left and none can be started, what waits would wait for ever. (To race each task with one promise
  // would leave something behind in that promise for each of them.)
  const waiting = new Set<(error: WorkerDied) => void>()
  let noThreads: WorkerDied | undefined
  piscina.on('error', (error: Error) => {
    onError(error)
    if (piscina.threads.length > 0) return
    noThreads = died(error)
    for (const reject of waiting) reject(noThreads)
  })
  const answerTo = (job: Job<Task>, signal: AbortSignal) =>
    new Promise<Answer<Outcome>>((resolve, reject) => {
      const fail = (error: unknown) => reject(error instanceof Error ? error : died(error))
      if (noThreads) {
        fail(noThreads)
        return
      }
      waiting.add(fail)
      void piscina
        .run(job, { signal })
        .then(resolve, fail)
        .finally(() => waiting.delete(fail))
    })
  const threads = new ThreadsAlive(piscina, onStuck)

  return {
    async run(tasks, signal = new AbortController().signal) {
      threads.watch()
      const job = { workerModule, exportName, tasks }
      const answer = await answerTo(job, signal).catch(async (error: unknown) => {
        if (!signal.aborted) throw error instanceof WorkerDied ? error : died(error)
        await threads.endOfDismissed(END_MS)
        throw new WorkerDied(String(signal.reason))
      })
      if ('thrown' in answer) throw answer.thrown
      return answer.outcomes
    },
    async close() {
      threads.watch()
      await Promise.race([piscina.destroy(), setTimeout(CLOSE_MS, undefined, { ref: false })])
      await threads.endOfDismissed(0)
    },
  }
}

/** Threads that run, those that were dismissed and have not ended included. */
class ThreadsAlive {
  readonly #piscina: Pick<Piscina, 'threads'>
  readonly #onStuck: () => void
  readonly #alive = new Set<Worker>()
  #hasTold = false

  constructor(piscina: Pick<Piscina, 'threads'>, onStuck: () => void) {
    this.#piscina = piscina
    this.#onStuck = onStuck
  }

  /** Knows the threads that there are from now on. */
  watch(): void {
    for (const thread of this.#piscina.threads) {
      if (this.#alive.has(thread)) continue
      this.#alive.add(thread)
      thread.once('exit', () => this.#alive.delete(thread))
    }
  }

  /** Waits until all that were dismissed have ended, and tells when they do not. */
  async endOfDismissed(mostMs: number): Promise<void> {
    const areLeft = () => [...this.#alive].some((thread) => !this.#piscina.threads.includes(thread))
    const deadline = performance.now() + mostMs
    while (areLeft() && performance.now() < deadline) await setTimeout(LOOK_MS)
    if (!areLeft() || this.#hasTold) return
    this.#hasTold = true
    this.#onStuck()
  }
}

/** The build of this package lets Piscina's threads start with `workerFile`, not with a file beside Piscina. */
function threadFiles(filename: string, depth: number) {
  return { filename, workerFile: filename, workerData: { gradpool: 'pool', depth } satisfies PoolThread }
}

function died(cause: unknown): WorkerDied {
  return new WorkerDied(`its worker thread died (${messageOf(cause)})`, { cause })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
