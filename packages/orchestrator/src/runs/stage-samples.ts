/** The samples of the stages of a run. */
import { join } from 'node:path'
import type { RunRecord } from './run-record.js'
import type { Sample } from './run-result.js'
import { readDoneStage } from './stage-files.js'

/**
 * By the stage's hash, of those that are done.
 *
 * @throws UserError for files of another stage, or that are not as they were written
 */
export async function stageSamples(
  directory: string,
  { engine, experiments }: RunRecord,
): Promise<ReadonlyMap<string, readonly Sample[]>> {
  const samples = new Map<string, readonly Sample[]>()
  for (const { hash } of experiments.flatMap(({ stages }) => stages)) {
    if (samples.has(hash)) continue
    const done = await readDoneStage(join(directory, 'stages', hash), { hash, numerics: engine.numerics })
    if (done !== undefined) samples.set(hash, done.metrics.samples)
  }
  return samples
}
