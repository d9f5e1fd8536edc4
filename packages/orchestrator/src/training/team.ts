/**
 * Runs spans on several threads at once. The threads wait for each other at every step, so when one is gone the others are
 * told, and return.
 */
import type { Execution, SpanOutcome, SpanResult } from '@gradpool/core'
import { setTimeout } from 'node:timers/promises'
import { WorkerDied, type SpanPool } from '../scheduling/pool.js'
import { messageOf } from './stage-errors.js'

/** How long the others may take to return when one has failed; then their threads are ended. */
const RETURN_MS = 2000

/** What an execution is to do. */
export interface Span {
  readonly execution: Execution
  readonly steps: number
  readonly continues: boolean
}

/**
 * Spans one after the other, each on all of the threads.
 *
 * @param threads that may be used, and are free
 * @param signal Aborted, it ends the threads.
 * @throws WorkerDied where a thread ended, or one of several failed or was waited for in vain. No thread runs any longer then,
 *   and what the spans have written is worth nothing.
 */
export async function runTogether(
  pool: SpanPool,
  spans: readonly Span[],
  threads: number,
  signal: AbortSignal,
): Promise<SpanResult[]> {
  const tasks = spans.map(({ execution, steps, continues }) => {
    const workers = Math.min(threads, execution.workers)
    return workers === 1
      ? [execution.begin(steps, continues)]
      : execution.beginTogether(steps, workers, continues)
  })
  const outcomes: SpanOutcome[][] = spans.map(() => [])
  const abort = new AbortController()
  let failure: { readonly error: unknown } | undefined
  let tellFailed: (() => void) | undefined
  const failed = new Promise<void>((resolve) => (tellFailed = resolve))
  const fail = (error: unknown) => {
    failure ??= { error }
    for (const { execution } of spans) execution.abandon()
    tellFailed?.()
  }

  const work = async (thread: number) => {
    const mine = tasks.flatMap((each, span) =>
      thread < each.length ? [{ span, task: each[thread] }] : [],
    )
    try {
      const made = await pool.run(
        mine.map(({ task }) => task),
        AbortSignal.any([signal, abort.signal]),
      )
      for (const [i, { span }] of mine.entries()) outcomes[span]?.push(made[i])
    } catch (error) {
      fail(error)
    }
  }
  // Those that wait for a thread which is being ended would wait on.
  const leave = () => fail(new WorkerDied(String(signal.reason)))
  signal.addEventListener('abort', leave, { once: true })
  const members = Array.from({ length: Math.max(...tasks.map(({ length }) => length)) }, (_, i) =>
    work(i),
  )
  const all = Promise.all(members)
  await Promise.race([all, failed])
  signal.removeEventListener('abort', leave)
  if (failure !== undefined) {
    await Promise.race([all, setTimeout(RETURN_MS, undefined, { ref: false })])
    abort.abort()
    await all
    throw failure.error instanceof WorkerDied || members.length === 1
      ? failure.error
      : new WorkerDied(`one of its worker threads failed (${messageOf(failure.error)})`, {
          cause: failure.error,
        })
  }
  const results = spans.map(({ execution }, index) =>
    execution.finishTogether(outcomes[index] ?? []),
  )
  if (results.some(({ status }) => status === 'abandoned')) {
    throw new WorkerDied('its worker threads waited in vain for one of them')
  }
  return results
}
