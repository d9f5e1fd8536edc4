/** What a killed process left behind: whether there is a run, and each checkpoint that cannot be read. */
import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CheckpointStore, findRuns } from '@gradpool/orchestrator'

export interface Left {
  readonly hasRun: boolean
  /** Steps of the last checkpoints of the stages in progress. */
  readonly steps: readonly number[]
  /** One sentence each. */
  readonly unreadable: readonly string[]
}

/** @param cwd The folder in which `gradpool run` was called. */
export async function checkpointsIn(cwd: string): Promise<Left> {
  const runs = await findRuns(join(cwd, 'runs'))
  const unreadable: string[] = []
  const steps: number[] = []
  for (const run of runs) {
    const entries = await readdir(join(run, 'stages'), { recursive: true, withFileTypes: true })
    for (const entry of entries) {
      const folder = join(entry.parentPath, entry.name)
      if (!entry.isDirectory() || basename(folder) !== 'checkpoints') continue
      const last = await new CheckpointStore(folder).latest((message) =>
        unreadable.push(`${basename(dirname(folder))}: ${message}`),
      )
      if (last !== undefined) steps.push(last.position.step)
    }
  }
  return { hasRun: runs.length > 0, steps, unreadable }
}
