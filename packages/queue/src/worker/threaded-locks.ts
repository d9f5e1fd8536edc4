/** A worker's side of the thread that extends locks, and what BullMQ has in the place of its own timer. */
import { LockManager } from 'bullmq'
import { Worker } from 'node:worker_threads'
import type { ServerFacts } from '../connection/open-queue.js'
import type { FromLockThread, LockThreadData, ToLockThread } from '../lock-thread.js'

export interface LockThreadOptions {
  readonly server: ServerFacts
  readonly queue: string
  readonly lockMs: number
  /** Told of a job that another worker may have now. */
  readonly onLost: (id: string, token: string) => void
  readonly onExtended: (extended: number, lost: number) => void
  readonly onWarning: (message: string) => void
}

const ALIVE_MS = 10_000

export class LockThread {
  readonly #thread: Worker
  readonly #alive: NodeJS.Timeout

  constructor({
    server: { address, namespace, isChecked },
    queue,
    lockMs,
    onLost,
    onExtended,
    onWarning,
  }: LockThreadOptions) {
    const file = new URL(
      import.meta.url.endsWith('.ts') ? '../../dist/lock-thread.js' : './lock-thread.js',
      import.meta.url,
    )
    const workerData: LockThreadData = { server: { address, namespace, isChecked }, queue, lockMs }
    this.#thread = new Worker(file, { workerData, execArgv: [] })
    this.#thread.unref()
    this.#thread.on('message', (message: FromLockThread) => {
      if ('warning' in message) onWarning(message.warning)
      else {
        onExtended(message.extended, message.lost.length)
        for (const { id, token } of message.lost) onLost(id, token)
      }
    })
    this.#thread.on('error', (error) => onWarning(`the thread that holds the locks of jobs ended: ${error.message}`))
    this.#alive = setInterval(() => this.#send('alive'), ALIVE_MS)
    this.#alive.unref()
  }

  hold(id: string, token: string): void {
    this.#send({ hold: id, token })
  }

  release(id: string): void {
    this.#send({ release: id })
  }

  async close(): Promise<void> {
    clearInterval(this.#alive)
    await this.#thread.terminate()
  }

  #send(message: ToLockThread): void {
    this.#thread.postMessage(message)
  }
}

/** Tracks jobs as BullMQ's does, and leaves their locks to the thread. */
export class ThreadedLocks extends LockManager {
  readonly #thread: LockThread

  constructor(name: string, thread: LockThread) {
    const extendsNothing = {
      name,
      extendJobLocks: () => Promise.resolve([]),
      emit: () => false,
      trace: <T>(_kind: unknown, _operation: string, _destination: string, work: () => Promise<T> | T) => work(),
    }
    super(extendsNothing, { lockRenewTime: 0, lockDuration: 0, workerId: name })
    this.#thread = thread
  }

  override start(): void {
    // The thread has the timer.
  }

  override isRunning(): boolean {
    return !this.closed
  }

  override trackJob(id: string, token: string, ts: number, shouldCreateController?: boolean) {
    this.#thread.hold(id, token)
    return super.trackJob(id, token, ts, shouldCreateController)
  }

  override untrackJob(id: string): void {
    this.#thread.release(id)
    super.untrackJob(id)
  }
}
