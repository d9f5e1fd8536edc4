/**
 * What a worker thread starts with. In Node: Piscina's part of it, and the handler that does tasks, by a function of
 * the caller's module. As a Web Worker: the same by messages. Imports little, as every worker pays for it.
 */
import { nodeModule } from '@gradpool/core/node-module'
import { runJob as run, type Answer, type Job } from './run-job.js'
import { THREAD_NAME } from './thread-name.js'

/** What threads of a pool find in `workerData`; each has an object of its own. */
export interface PoolThread {
  readonly gradpool: 'pool'
  /** 1 in a thread of a pool of the main thread. */
  readonly depth: number
  /** What this module is known by. The pool looks for it in the file, so no other module has it written out. */
  servedBy?: 'gradpool:pool-worker'
  /** Whether a task was begun. */
  isUsed?: boolean
}

/** Undefined in other threads. */
function poolThread(): PoolThread | undefined {
  const data = nodeModule('node:worker_threads')?.workerData as Partial<PoolThread> | null | undefined
  return data?.gradpool === 'pool' ? (data as PoolThread) : undefined
}

const thread = poolThread()
if (thread) {
  thread.servedBy = 'gradpool:pool-worker'
  void import('piscina/dist/worker.js')
}

/** The handler that Piscina calls. */
export function runJob(job: Job<unknown>): Promise<Answer<unknown>> {
  if (thread) thread.isUsed = true
  return run(job)
}

/** A Web Worker, as far as it is used here. */
interface WebWorkerScope {
  readonly name?: string
  onmessage: ((event: { readonly data: Job<unknown> }) => void) | null
  postMessage(answer: Answer<unknown>): void
}

const scope = globalThis as unknown as WebWorkerScope
if (!thread && scope.name === THREAD_NAME) {
  scope.onmessage = ({ data }) => {
    void run(data).then((answer) => {
      scope.postMessage(answer)
    })
  }
}
