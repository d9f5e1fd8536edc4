/**
 * The worker threads of Node: Piscina, one task per thread, and a way out of every wait.
 *
 * A thread that dies fails the task it had, and no other; Piscina replaces it.
 */
import { UserError } from '@gradpool/core'
import type { Piscina } from 'piscina'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { workerData, type Worker } from 'node:worker_threads'
import { died, WorkerDied, type PoolOptions, type WorkerPool } from './contract.js'
import type { PoolThread } from './pool-worker.js'
import type { Answer, Job } from './run-job.js'
import { threadFile } from './thread-file.js'

const CLOSE_MS = 5000
const END_MS = 3000
const LOOK_MS = 20

/** Pools in threads of pools in threads: more is a bundle that starts itself. */
const MOST_DEPTH = 3

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

/** Threads of Node, by Piscina. */
export async function startPool<Task, Outcome>(options: PoolOptions): Promise<WorkerPool<Task, Outcome>> {
  // Loaded here, so that who may need a pool but does not waits for nothing.
  const depth = depthHere() + 1
  const filename = fileURLToPath(threadFile())
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
