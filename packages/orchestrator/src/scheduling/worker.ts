/**
 * What runs in a worker thread: spans, by the engine's own module. Imports nothing else, as every worker pays for it.
 */
import type { ChunkExecutor, ChunkOutcome, ChunkTask } from '@gradpool/core'

/** What a worker is sent. */
export interface WorkerTask {
  /** URL of the engine's module. */
  readonly workerModule: string
  /** Executed one after the other. */
  readonly spans: readonly ChunkTask[]
}

const executors = new Map<string, Promise<ChunkExecutor>>()

/** What it answers: the outcome of each span, in order, or what the engine threw. A rejection is a thread that died. */
export type WorkerAnswer = { readonly outcomes: ChunkOutcome[] } | { readonly thrown: unknown }

/** The handler that Piscina calls. */
export async function executeSpans({ workerModule, spans }: WorkerTask): Promise<WorkerAnswer> {
  try {
    const executor = await load(workerModule)
    const outcomes: ChunkOutcome[] = []
    for (const span of spans) outcomes.push(await executor.executeChunk(span))
    return { outcomes }
  } catch (thrown) {
    return { thrown }
  }
}

function load(workerModule: string): Promise<ChunkExecutor> {
  const loaded = executors.get(workerModule) ?? (import(workerModule) as Promise<ChunkExecutor>)
  executors.set(workerModule, loaded)
  return loaded
}
