/**
 * Runs chunks on several threads at once. Where threads wait for each other at every step, the others are told when one
 * is gone, and return.
 */
import {
  pause,
  type ChunkOutcome,
  type ChunkResult,
  type ChunkTask,
  type Execution,
  type StateValues,
} from '@gradpool/core/engine'
import { messageOf } from '@gradpool/storage'
import { WorkerDied } from '@gradpool/worker-pool'
import type { Feed } from '../windows/feed.js'
import type { EnginePool } from './engine-pool.js'
import type { Rounds, ThreadRound } from '../run-rounds.js'

/** How long the others may take to return when one has failed; then their threads are ended. */
const RETURN_MS = 2000

/** What an execution is to do. */
export interface Chunk {
  readonly execution: Execution
  readonly steps: number
  readonly continues: boolean
  /** What brings it its rows, where they come window by window. */
  readonly feed?: Feed | undefined
}

/** A chunk, or a thread's part of it. */
interface Task {
  /** Its position in the list of chunks. */
  readonly chunk: number
  readonly task: ChunkTask
}

/** What chunks one after the other gave. */
export interface RoundOf<Result> {
  readonly results: readonly Result[]
  /** From its end to that of the last round. */
  readonly secondsAgo: number
  /** Of the first chunk's execution after it, where another round followed. */
  readonly states?: StateValues
}

/**
 * Chunks one after the other, each on all of the threads. One thread may do them several times, up
 * to the first time that a chunk is not done.
 *
 * @param threads that may be used, and are free
 * @param signal Aborted, it ends the threads.
 * @param times that one thread does them; several threads do them once
 * @throws WorkerDied where a thread ended, or one of several failed or was waited for in vain. No thread runs any
 *   longer then, and what the chunks have written is worth nothing.
 */
export async function runTogether(
  pool: EnginePool,
  chunks: readonly Chunk[],
  threads: number,
  signal: AbortSignal,
  times = 1,
): Promise<RoundOf<ChunkResult>[]> {
  if (pool.threads === 0) return [{ results: await runHere(chunks), secondsAgo: 0 }]
  const lists: Task[][] = []
  const rounds = threads === 1 ? times : 1
  for (const [chunk, { execution, steps, continues }] of chunks.entries()) {
    const workers = Math.min(threads, execution.workers)
    const tasks = execution.begin(steps, { workers, continues, times: rounds, threads: pool.threads })
    for (const [thread, task] of tasks.entries()) (lists[thread] ??= []).push({ chunk, task })
  }
  const abandon = () => {
    for (const { execution } of chunks) execution.abandon()
  }
  const memories = rounds === 1 ? [] : chunks.map(({ execution }) => execution.memory)
  const given = lists.map((tasks) => ({ tasks, times: rounds, memories }))
  const [first = [], ...others] = await runLists(pool, given, abandon, signal)
  const endedMs = first.at(-1)?.endedMs ?? 0
  return first.map((round) => {
    const outcomes = outcomesOf(lists, [round, ...others.flat()])
    const { states, chunks: copies = [] } = round.copies ?? {}
    const results = chunks.map(({ execution }, chunk) => execution.finish(outcomes[chunk] ?? [], copies[chunk]))
    if (results.some(({ status }) => status === 'abandoned')) {
      throw new WorkerDied('its worker threads waited in vain for one of them')
    }
    return { results, secondsAgo: (endedMs - round.endedMs) / 1000, ...(states && { states }) }
  })
}

/**
 * Groups of chunks, each group on one thread, one chunk after the other; the results of all, group by group.
 *
 * @param threads as for `runTogether`, and `signal`
 * @throws WorkerDied as `runTogether`
 */
export async function runApart(
  pool: EnginePool,
  groups: readonly (readonly Chunk[])[],
  threads: number,
  signal: AbortSignal,
): Promise<ChunkResult[][]> {
  if (pool.threads === 0) {
    const results: ChunkResult[][] = []
    for (const group of groups) results.push(await runHere(group))
    return results
  }
  const chunks = groups.flat()
  const lists = Array.from({ length: threads }, () => ({ tasks: [] as Task[], steps: 0 }))
  const stepsOf = (group: readonly Chunk[]) => group.reduce((sum, { steps }) => sum + steps, 0)
  // The longest first, each to the thread that has the least to do.
  for (const group of [...groups].sort((a, b) => stepsOf(b) - stepsOf(a))) {
    const list = lists.reduce((least, each) => (each.steps < least.steps ? each : least))
    list.steps += stepsOf(group)
    for (const chunk of group) {
      const tasks = chunk.execution.begin(chunk.steps, { continues: chunk.continues })
      for (const task of tasks) list.tasks.push({ chunk: chunks.indexOf(chunk), task })
    }
  }
  const stop = () => {
    for (const { execution } of chunks) execution.stop()
  }
  const used = lists.flatMap(({ tasks }) => (tasks.length > 0 ? [tasks] : []))
  const given = used.map((tasks) => ({ tasks, times: 1, memories: [] }))
  const rounds = await runLists(pool, given, stop, signal)
  const outcomes = outcomesOf(used, rounds.flat())
  return groups.map((group) => group.map((chunk) => chunk.execution.finish(outcomes[chunks.indexOf(chunk)] ?? [])))
}

/** Chunks one after the other in this thread, which others have their turns in; up to one that is not done. */
async function runHere(chunks: readonly Chunk[]): Promise<ChunkResult[]> {
  const results: ChunkResult[] = []
  for (const { execution, steps, continues } of chunks) {
    const result = await execution.run({ steps, continues })
    results.push(result)
    if (result.status !== 'done') break
  }
  return results
}

/** The outcomes of each chunk, in the order of the threads: of one round of each. */
function outcomesOf(lists: readonly (readonly Task[])[], rounds: readonly ThreadRound[]): ChunkOutcome[][] {
  const outcomes: ChunkOutcome[][] = []
  for (const [thread, tasks] of lists.entries()) {
    for (const [i, { chunk }] of tasks.entries()) (outcomes[chunk] ??= []).push(rounds[thread]?.outcomes[i])
  }
  return outcomes
}

/** What a thread is to do. */
interface List extends Pick<Rounds, 'times' | 'memories'> {
  readonly tasks: readonly Task[]
}

/**
 * Each list on a thread of its own.
 *
 * @param end tells those that run to return, where one has failed
 */
async function runLists(
  pool: EnginePool,
  lists: readonly List[],
  end: () => void,
  signal: AbortSignal,
): Promise<(readonly ThreadRound[])[]> {
  const rounds: (readonly ThreadRound[])[] = []
  const abort = new AbortController()
  let failure: { readonly error: unknown } | undefined
  let tellFailed: (() => void) | undefined
  const failed = new Promise<void>((resolve) => (tellFailed = resolve))
  const fail = (error: unknown) => {
    failure ??= { error }
    end()
    tellFailed?.()
  }

  const work = async ({ tasks, ...more }: List, thread: number) => {
    try {
      rounds[thread] = await pool.run({ tasks: tasks.map(({ task }) => task), ...more }, abort.signal)
    } catch (error) {
      fail(error)
    }
  }
  // Those that wait for a thread which is being ended would wait on. (A signal made by `AbortSignal.any` would do, but
  // leaves something behind in the training's signal at each epoch.)
  const leave = () => {
    fail(new WorkerDied(String(signal.reason)))
    abort.abort(signal.reason)
  }
  if (signal.aborted) leave()
  signal.addEventListener('abort', leave, { once: true })
  const all = Promise.all(lists.map(work))
  await Promise.race([all, failed])
  signal.removeEventListener('abort', leave)
  if (failure === undefined) return rounds
  await Promise.race([all, pause(RETURN_MS)])
  abort.abort()
  await all
  throw failure.error instanceof WorkerDied || lists.length === 1
    ? failure.error
    : new WorkerDied(`one of its worker threads failed (${messageOf(failure.error)})`, {
        cause: failure.error,
      })
}
