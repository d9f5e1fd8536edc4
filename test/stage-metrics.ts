/** `metrics.json` of the stages of a run, which every log of it has to say the same as. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { StageMetrics } from '@gradpool/orchestrator'

/** @param run its folder */
export async function stageMetrics(run: string): Promise<readonly StageMetrics[]> {
  const stages = await readdir(join(run, 'stages'))
  return Promise.all(
    stages.map(async (hash) => {
      return JSON.parse(await readFile(join(run, 'stages', hash, 'metrics.json'), 'utf8')) as StageMetrics
    }),
  )
}

/** That of the run that has one stage. */
export async function onlyStageMetrics(run: string): Promise<StageMetrics> {
  const [stage, ...more] = await stageMetrics(run)
  if (stage === undefined || more.length > 0) throw new Error(`not one stage is in ${run}`)
  return stage
}
