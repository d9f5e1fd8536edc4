/** A pool of worker threads: those of Node, or the Web Workers of a browser. */
import { startPool } from '#threads'
import type { PoolOptions, WorkerPool } from './contract.js'

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
