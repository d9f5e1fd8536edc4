/** Which run to go on with. */
import type { Engine } from '@gradpool/core/engine'
import type { ExperimentPlan } from '@gradpool/experiments'
import { findRuns, readRun } from './read-run.js'
import { runRecord } from './run-record.js'
import { isSameRun } from './same-run.js'

/** The latest run of the same stages that did not come to its end; undefined where there is none. */
export async function findResumable(
  plans: readonly ExperimentPlan[],
  engine: Engine,
  parent = 'runs',
): Promise<string | undefined> {
  const now = runRecord({ plans, engine, workers: 1, started: new Date(), record: {} })
  for (const directory of (await findRuns(parent)).reverse()) {
    const run = await readRun(directory).catch(() => undefined)
    if (run === undefined || !isSameRun(run.record, now)) continue
    const isOver = run.result?.experiments.every(({ status }) => status === 'done') === true
    return isOver ? undefined : directory
  }
  return undefined
}
