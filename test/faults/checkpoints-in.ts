/**
 * What a killed process left behind: whether there is a run, how far its stages are, and each checkpoint that cannot be
 * read.
 */
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { findRuns, readRun } from '@gradpool/orchestrator'
import { CheckpointStore } from '@gradpool/trainer'

export interface Left {
  readonly hasRun: boolean
  /** Whole lines of its log. */
  readonly numEvents: number
  /** Of the last checkpoint, by the hash of the stage; none for stages that are done. */
  readonly steps: ReadonlyMap<string, number>
  /** Hashes of the stages that are done. */
  readonly done: ReadonlySet<string>
  /** One sentence each. */
  readonly unreadable: readonly string[]
}

/** @param cwd The folder in which `gradpool run` was called. */
export async function checkpointsIn(cwd: string): Promise<Left> {
  const runs = await findRuns(join(cwd, 'runs'))
  const unreadable: string[] = []
  const steps = new Map<string, number>()
  const done = new Set<string>()
  let numEvents = 0
  for (const run of runs) {
    const { events, record } = await readRun(run)
    const { numerics } = record.engine
    numEvents += events.length
    for (const stage of await readdir(join(run, 'stages'))) {
      const folder = join(run, 'stages', stage)
      if (existsSync(join(folder, 'done'))) done.add(stage)
      else {
        const store = new CheckpointStore(join(folder, 'checkpoints'))
        const last = await store.latest({ hash: stage, numerics }, (message) => unreadable.push(`${stage}: ${message}`))
        if (last !== undefined) steps.set(stage, last.position.step)
      }
    }
  }
  return { hasRun: runs.length > 0, numEvents, steps, done, unreadable }
}

/**
 * Steps of the checkpoints that were begun, in their order, by the hash of the stage.
 *
 * @param log The calls that `preload/fault-points.mjs` wrote down.
 */
export async function begunCheckpoints(log: string): Promise<ReadonlyMap<string, number[]>> {
  const begun = new Map<string, number[]>()
  const calls = await readFile(log, 'utf8').catch(() => '')
  for (const call of calls.split('\n')) {
    const path = /^open (.*)\.safetensors\.[0-9a-f]{16}\.tmp$/.exec(call)?.[1] ?? ''
    const folder = dirname(path)
    if (basename(folder) !== 'checkpoints' || !/^\d+$/.test(basename(path))) continue
    const stage = basename(dirname(folder))
    begun.set(stage, [...(begun.get(stage) ?? []), Number(basename(path))])
  }
  return begun
}

/**
 * At which step stages were begun, by their hash.
 *
 * @param after So many events are of processes before.
 */
export async function stepsGoneOnFrom(cwd: string, after: number): Promise<ReadonlyMap<string, number>> {
  const [run] = await findRuns(join(cwd, 'runs'))
  if (run === undefined) return new Map()
  const { events } = await readRun(run)
  return new Map(
    events
      .slice(after)
      .flatMap((event) => (event.type === 'stageStarted' ? [[event.stage.hash, event.fromStep] as const] : [])),
  )
}
