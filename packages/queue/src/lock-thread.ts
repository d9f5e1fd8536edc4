/**
 * A thread of its own beside a worker's: it extends the locks of the jobs in progress, over a connection of its own, so
 * that a busy main thread loses none. Where the main thread does nothing at all for long, it lets go of them.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { openJobQueue, queueServer, type ServerFacts } from './connection/open-queue.js'

export interface LockThreadData {
  readonly server: ServerFacts
  readonly queue: string
  readonly lockMs: number
}

/** To the thread. What it is told of nothing tells it that the other is there. */
export type ToLockThread = { readonly hold: string; readonly token: string } | { readonly release: string } | 'alive'

/** From the thread. */
export type FromLockThread =
  | { readonly extended: number; readonly lost: readonly { readonly id: string; readonly token: string }[] }
  | { readonly warning: string }

/** A main thread that is silent for so long will not end its jobs. */
const SILENT_MS = 600_000

const { server, queue: name, lockMs } = workerData as LockThreadData
const queue = openJobQueue(queueServer(server), name, (warning) => send({ warning }))
const held = new Map<string, string>()
let heardMs = performance.now()
let isExtending = false

const send = (message: FromLockThread): void => parentPort?.postMessage(message)

parentPort?.on('message', (message: ToLockThread) => {
  heardMs = performance.now()
  if (message === 'alive') return
  if ('hold' in message) held.set(message.hold, message.token)
  else held.delete(message.release)
})

async function extend(): Promise<void> {
  if (isExtending || held.size === 0 || performance.now() - heardMs > SILENT_MS) return
  isExtending = true
  try {
    const now = [...held]
    const ids = now.map(([id]) => id)
    const tokens = now.map(([, token]) => token)
    const failed = new Set(await queue.getBackend().extendLocks(ids, tokens, lockMs))
    const lost = now.flatMap(([id, token]) => (failed.has(id) && held.get(id) === token ? [{ id, token }] : []))
    send({ extended: now.length - failed.size, lost })
  } catch {
    // The connection tells of its errors, and the locks last for a while.
  } finally {
    isExtending = false
  }
}

setInterval(() => void extend(), lockMs / 4)
