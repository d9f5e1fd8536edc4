/** Every epoch of a run, of its stages that train and of those that are done. */
import type { EpochRow } from '@gradpool/trainer'
import type { RunContents } from '../runs/read-run.js'

export interface StageEpochs {
  readonly experiment: string
  readonly seed: number
  readonly stage: string
  /**
   * In order; none of a stage that has not begun, and none of one that an earlier run trained while this one goes on.
   */
  readonly rows: readonly EpochRow[]
}

/** For each experiment, in the order of the run, its stages; a stage that several share is told of in each. */
export function epochsOfRun({ record, result, events }: RunContents): StageEpochs[] {
  const byHash = new Map<string, Map<number, EpochRow>>()
  const add = (hash: string, row: EpochRow) => {
    const rows = byHash.get(hash) ?? new Map<number, EpochRow>()
    byHash.set(hash, rows.set(row.epoch, row))
  }
  // Of a run that was interrupted and goes on, the log has more than the result.
  for (const { hash, epochs } of result?.experiments.flatMap(({ stages }) => stages) ?? []) {
    for (const row of epochs) add(hash, row)
  }
  for (const event of events) if (event.type === 'epoch') add(event.stage.hash, event.row)
  return record.experiments.flatMap(({ name, seed, stages }) =>
    stages.map((stage): StageEpochs => {
      const rows = [...(byHash.get(stage.hash)?.values() ?? [])].sort((a, b) => a.epoch - b.epoch)
      return { experiment: name, seed, stage: stage.name, rows }
    }),
  )
}
