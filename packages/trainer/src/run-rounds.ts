/**
 * What a worker thread of a training runs: chunks one after the other, once or in several rounds.
 * Between two rounds it copies what the main thread would read there. Imports nothing, as every
 * worker pays for it.
 */
import type { ChunkCopy, ChunkExecutor, ChunkMemory, ChunkOutcome, ChunkTask, StateValues } from '@gradpool/core/engine'

export interface Rounds {
  /** URL of the engine's module. */
  readonly workerModule: string
  /** Of each round, one after the other. */
  readonly tasks: readonly ChunkTask[]
  readonly times: number
  /** Of the executions that the tasks are of; none where there is one round. */
  readonly memories: readonly ChunkMemory[]
}

/** A round that has ended. */
export interface ThreadRound {
  readonly outcomes: readonly ChunkOutcome[]
  /** By the thread's own clock. */
  readonly endedMs: number
  /** Where another round followed. */
  readonly copies?: RoundCopies
}

export interface RoundCopies {
  /** One for each task. */
  readonly chunks: readonly ChunkCopy[]
  /** Of the first task's execution, in memory that threads share. */
  readonly states: StateValues
}

/** The rounds up to the last, or to one in which a chunk is not done. */
export async function runRounds({ workerModule, tasks, times, memories }: Rounds): Promise<ThreadRound[]> {
  // Every engine's module is one.
  const engine = (await import(workerModule)) as ChunkExecutor
  const rounds: ThreadRound[] = []
  for (;;) {
    const outcomes: ChunkOutcome[] = []
    for (const task of tasks) outcomes.push(await engine.executeChunk(task))
    const endedMs = performance.now()
    const isLast = rounds.length + 1 === times || outcomes.some((outcome) => outcome !== 'done')
    if (isLast) return [...rounds, { outcomes, endedMs }]
    const chunks = memories.map(copyOf)
    rounds.push({ outcomes, endedMs, copies: { chunks, states: copyOfStates(memories[0]?.states ?? {}) } })
    for (const { sums } of memories) for (const each of sums) each.fill(0)
  }
}

function copyOf({ sums, rows, lastLoss }: ChunkMemory): ChunkCopy {
  return {
    sums: sums.map((each) => new Float64Array(each)),
    rows: rows.map((each) => new Float32Array(each)),
    lastLoss: lastLoss[0] ?? NaN,
  }
}

/** In one piece of shared memory, so that they are not copied again on their way. */
function copyOfStates(states: StateValues): StateValues {
  const all = Object.entries(states)
  const size = all.reduce((sum, [, { length }]) => sum + length, 0)
  const floats = new Float32Array(new SharedArrayBuffer(4 * size))
  let end = 0
  const copies = all.map(([name, values]) => {
    const copy = floats.subarray(end, (end += values.length))
    copy.set(values)
    return [name, copy] as const
  })
  return Object.fromEntries(copies)
}
