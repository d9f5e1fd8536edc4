/**
 * What runs in a worker thread: spans, by the engine's own module. Imports nothing else, as every worker pays for it.
 */
import type { SpanExecutor, SpanOutcome, SpanTask } from '@gradpool/core'

/** What a worker is sent. */
export interface WorkerTask {
  /** URL of the engine's module. */
  readonly workerModule: string
  /** Executed one after the other. */
  readonly spans: readonly SpanTask[]
}

const executors = new Map<string, Promise<SpanExecutor>>()

/** The handler that Piscina calls; the outcome of each span, in order. */
export async function executeSpans({ workerModule, spans }: WorkerTask): Promise<SpanOutcome[]> {
  const executor = await load(workerModule)
  const outcomes: SpanOutcome[] = []
  for (const span of spans) outcomes.push(await executor.executeSpan(span))
  return outcomes
}

function load(workerModule: string): Promise<SpanExecutor> {
  const loaded = executors.get(workerModule) ?? (import(workerModule) as Promise<SpanExecutor>)
  executors.set(workerModule, loaded)
  return loaded
}
