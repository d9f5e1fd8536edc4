/** A worker in a process of its own, ended with the test. */
import { onTestFinished } from 'vitest'
import { type Options, type Running, start } from '../gradpool.js'

export interface WorkerProcess extends Running {
  /** Ends it, and the process that trains for it, as a power cut does. */
  readonly kill: () => Promise<void>
}

/** Fulfilled when it takes jobs. */
export async function startWorker(args: readonly string[], options: Options): Promise<WorkerProcess> {
  const running = start(['worker', ...args], options)
  onTestFinished(async () => {
    running.child.kill('SIGTERM')
    await running.ended
  })
  await running.said('at one time')
  const kill = async () => {
    running.child.kill('SIGKILL')
    await running.ended
  }
  return { ...running, kill }
}
