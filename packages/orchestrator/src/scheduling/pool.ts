/**
 * The worker threads: Piscina, one task per thread, and a way out of every wait.
 *
 * A thread that dies fails the task it had, and no other; Piscina replaces it.
 */
import type { SpanOutcome, SpanTask } from '@gradpool/core'
import { Piscina } from 'piscina'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { WorkerAnswer, WorkerTask } from './worker.js'

export interface PoolOptions {
  readonly workers: number
  /** URL of the engine's module, loaded once in each thread. */
  readonly workerModule: string
  /** Told of errors that belong to no task. */
  readonly onError: (error: Error) => void
}

export interface SpanPool {
  /**
   * Runs spans one after the other on one thread.
   *
   * @param signal Aborted, it ends the thread, an endless loop of JavaScript or WebAssembly included.
   * @throws WorkerDied when the thread ends first; otherwise what the engine throws there.
   */
  run(spans: readonly SpanTask[], signal?: AbortSignal): Promise<SpanOutcome[]>
  /** Ends all threads, tasks or not, and returns when they are gone or after `CLOSE_MS`. */
  close(): Promise<void>
}

/** A worker thread ended before its task did. */
export class WorkerDied extends Error {
  override name = 'WorkerDied'
}

const CLOSE_MS = 5000

/** Sources run from `src` in tests of this package; threads always load what was built. */
const workerFile = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? '../../dist/scheduling/worker.js' : './worker.js',
    import.meta.url,
  ),
)

export function createPool({ workers, workerModule, onError }: PoolOptions): SpanPool {
  const piscina = new Piscina<WorkerTask, WorkerAnswer>({
    filename: workerFile,
    name: 'executeSpans',
    minThreads: workers,
    maxThreads: workers,
    concurrentTasksPerWorker: 1,
    atomics: 'disabled',
    idleTimeout: Infinity,
    recordTiming: false,
    workerHistogram: false,
    // A worker holds little but the engine's code: small heaps keep each further one cheap.
    resourceLimits: { maxYoungGenerationSizeMb: 4 },
    execArgv: [],
  })
  // Rejects when no thread is left and none can be started: what waits would wait for ever.
  const noThreads = new Promise<never>((_, reject) => {
    piscina.on('error', (error: Error) => {
      onError(error)
      if (piscina.threads.length === 0) reject(died(error))
    })
  })
  noThreads.catch(() => undefined)

  return {
    async run(spans, signal = new AbortController().signal) {
      const answer = await Promise.race([
        piscina.run({ workerModule, spans }, { signal }),
        noThreads,
      ]).catch((error: unknown) => {
        if (signal.aborted) throw new WorkerDied(String(signal.reason))
        throw died(error)
      })
      if ('thrown' in answer) throw answer.thrown
      return answer.outcomes
    },
    async close() {
      await Promise.race([piscina.destroy(), setTimeout(CLOSE_MS, undefined, { ref: false })])
    },
  }
}

function died(cause: unknown): WorkerDied {
  return new WorkerDied(`its worker thread died (${messageOf(cause)})`, { cause })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
