/** Executions of passes whose rows may be in files: an engine's, and what brings it its rows. */
import { UserError } from '@gradpool/core'
import { type ChunkResult, type CompileOptions, type Engine, type Execution, type Split } from '@gradpool/core/engine'
import { inMemory, isStored, rowBytesOf } from '@gradpool/datasets'
import type { Pass } from '../plan/training-plan.js'
import { Feed, WINDOW_BYTES } from './feed.js'

export interface Fed {
  readonly execution: Execution
  /** Undefined where the engine has all rows. */
  readonly feed: Feed | undefined
}

/**
 * Rows in files that fit into a window are read at once. Others, and those that are shuffled in blocks or by length,
 * come window by window.
 *
 * @throws UserError as `Engine.compile`, for files that are missing or changed, and for such a shuffle on an engine
 *   that has a memory of its own
 */
export async function compileFed(
  engine: Engine,
  { program, data }: Pass,
  options: Omit<CompileOptions, 'data'>,
): Promise<Fed> {
  const names = program.program.fields.map(({ name }) => name)
  const isShuffled = program.shuffle && data.reading?.shuffle !== undefined
  if (!isShuffled) {
    const all = isStored(data.fields, names) ? wholeOf(data, names, engine) : data
    if (all) return { execution: await engine.compile(program, { ...options, data: all }), feed: undefined }
  }
  const { allocate, free } = engine
  if (free === undefined) {
    const how = data.reading?.shuffle && 'byLength' in data.reading.shuffle ? 'by length' : 'in blocks'
    throw new UserError(`the engine '${engine.name}' does not shuffle rows ${how}: use native or wasm`)
  }
  const feed = new Feed({ allocate, free }, { program, data }, { seed: options.seed, names })
  try {
    const windows = { fields: feed.fields, rows: feed.places() }
    return { execution: await engine.compile(feed.program, { ...options, data: windows }), feed }
  } catch (error) {
    await feed.close()
    throw error
  }
}

/** Undefined for rows that are to come window by window. */
function wholeOf(data: Split, names: readonly string[], { free }: Engine): Split | undefined {
  const numBytes = data.rows.length * rowBytesOf(data.fields, names)
  if (numBytes <= (data.reading?.windowBytes ?? WINDOW_BYTES)) return inMemory(data, names)
  return free === undefined ? data : undefined
}

type Run = (steps: { readonly steps: number; readonly continues: boolean }) => Promise<ChunkResult>

/** Runs steps, those of a window at a time. @param run what runs them. Default: `Execution.run`, in this thread. */
export async function runFed(
  { execution, feed }: Fed,
  steps: number,
  run: Run = (some) => execution.run(some),
): Promise<ChunkResult> {
  let continues = false
  for (let left = steps; ;) {
    const some = feed ? Math.min(left, await feed.ready(execution.step)) : left
    const result = await run({ steps: some, continues })
    left -= some
    if (result.status !== 'done' || left === 0) return result
    continues = true
  }
}
