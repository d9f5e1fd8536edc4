/** What pools of worker threads promise, whatever the threads are. */

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

/** What is thrown for a thread that died of something. */
export function died(cause: unknown): WorkerDied {
  return new WorkerDied(`its worker thread died (${messageOf(cause)})`, { cause })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
