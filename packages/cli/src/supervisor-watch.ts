/**
 * A thread of its own in the process that trains: once the supervisor is gone, and the graceful stop that follows takes
 * too long, it ends the process. So it does where the main thread is in code that does not return.
 */
import { workerData } from 'node:worker_threads'

const { supervisor, graceMs } = workerData as { readonly supervisor: number; readonly graceMs: number }
const lookMs = 500

const timer = setInterval(() => {
  if (process.ppid === supervisor) return
  clearInterval(timer)
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), graceMs)
}, lookMs)
