/**
 * The worker threads of a browser: Web Workers, one task per thread. A thread that dies, or is ended, fails the task it
 * had, and no other; another takes its place.
 */
import { died, WorkerDied, type PoolOptions, type WorkerPool } from './contract.js'
import type { Answer, Job } from './run-job.js'
import { threadFile } from './thread-file.js'
import { THREAD_NAME } from './thread-name.js'

/** A Web Worker, as far as it is used here: the types here are Node's. */
interface WebWorker {
  onmessage: ((event: { readonly data: unknown }) => void) | null
  onerror: ((event: { readonly message?: string; preventDefault?(): void }) => void) | null
  postMessage(job: unknown): void
  terminate(): void
}

type WebWorkerClass = new (url: string, options: { readonly type: 'module'; readonly name: string }) => WebWorker

export function startPool<Task, Outcome>(options: PoolOptions): Promise<WorkerPool<Task, Outcome>> {
  return new Promise((resolve) => {
    resolve(new WebPool<Task, Outcome>(options))
  })
}

class WebPool<Task, Outcome> implements WorkerPool<Task, Outcome> {
  readonly #options: PoolOptions
  readonly #url = threadFile()
  readonly #threads = new Set<WebThread>()
  readonly #idle: WebThread[] = []
  /** Tasks that wait for a thread. */
  readonly #waiting: ((thread: WebThread) => void)[] = []

  constructor(options: PoolOptions) {
    this.#options = options
    for (let i = 0; i < options.workers; i++) this.#idle.push(this.#start())
  }

  run = async (tasks: readonly Task[], signal = new AbortController().signal): Promise<Outcome[]> => {
    const { workerModule, exportName } = this.#options
    const thread = this.#idle.pop() ?? (await new Promise<WebThread>((resolve) => this.#waiting.push(resolve)))
    try {
      const answer = await thread.answerTo({ workerModule, exportName, tasks }, signal)
      if ('thrown' in answer) throw answer.thrown
      // The module's own.
      return answer.outcomes as Outcome[]
    } finally {
      this.#free(thread)
    }
  }

  close = (): Promise<void> => {
    for (const thread of this.#threads) thread.end(new WorkerDied('the pool was closed'))
    this.#threads.clear()
    return Promise.resolve()
  }

  #start(): WebThread {
    const thread = new WebThread(this.#url)
    this.#threads.add(thread)
    return thread
  }

  #free(thread: WebThread): void {
    const { failure } = thread
    // That of a pool that was closed.
    if (!this.#threads.has(thread)) return
    if (failure !== undefined) {
      this.#threads.delete(thread)
      this.#options.onError?.(failure)
    }
    const free = failure === undefined ? thread : this.#start()
    const next = this.#waiting.shift()
    if (next) next(free)
    else this.#idle.push(free)
  }
}

class WebThread {
  readonly #worker: WebWorker
  /** Of the task that it has. */
  #fail: ((error: WorkerDied) => void) | undefined
  #failure: WorkerDied | undefined

  constructor(url: string) {
    const { Worker } = globalThis as unknown as { readonly Worker: WebWorkerClass }
    this.#worker = new Worker(url, { type: 'module', name: THREAD_NAME })
    this.#worker.onerror = (event) => {
      event.preventDefault?.()
      this.end(died(event.message ?? `'${url}' cannot be loaded`))
    }
  }

  /** Why it does nothing more. */
  get failure(): WorkerDied | undefined {
    return this.#failure
  }

  /** @throws WorkerDied where it ends first */
  answerTo(job: Job<unknown>, signal: AbortSignal): Promise<Answer<unknown>> {
    const abort = () => {
      this.end(new WorkerDied(String(signal.reason)))
    }
    const answered = new Promise<Answer<unknown>>((resolve, reject) => {
      this.#fail = reject
      if (signal.aborted) abort()
      if (this.#failure) {
        reject(this.#failure)
        return
      }
      signal.addEventListener('abort', abort, { once: true })
      // Only the module of threads answers.
      this.#worker.onmessage = ({ data }) => {
        resolve(data as Answer<unknown>)
      }
      this.#worker.postMessage(job)
    })
    return answered.finally(() => {
      signal.removeEventListener('abort', abort)
      this.#fail = undefined
    })
  }

  /** Ends it, an endless loop included. */
  end(reason: WorkerDied): void {
    if (this.#failure) return
    this.#failure = reason
    this.#worker.terminate()
    this.#fail?.(reason)
  }
}
