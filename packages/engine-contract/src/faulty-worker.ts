/**
 * The worker module of a faulty engine: runs chunks by the real engine's module, and does, after some steps of one of
 * them, what the test asked for, while the threads that it runs together with go on and wait for it.
 */
import type { ChunkExecutor, ChunkOutcome } from '@gradpool/core/engine'
import process from 'node:process'

export interface FaultyTask {
  /** Of the real engine. */
  readonly workerModule: string
  /** The real engine's: how many steps, and what else it needs. */
  readonly task: { readonly steps: number }
  readonly fault: { readonly kind: 'exit' | 'throw' | 'loop'; readonly steps: number } | undefined
}

export async function executeChunk({ workerModule, task, fault }: FaultyTask): Promise<ChunkOutcome> {
  // Every engine's module is one.
  const engine = (await import(workerModule)) as ChunkExecutor
  if (fault === undefined) return engine.executeChunk(task)
  await engine.executeChunk({ ...task, steps: Math.min(fault.steps, task.steps) })
  if (fault.kind === 'exit') process.exit(3)
  if (fault.kind === 'throw') throw new Error('a fault of a worker')
  for (;;);
}
