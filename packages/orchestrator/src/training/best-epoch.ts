/** Which epoch is the best so far, and whether to go on: by the rows of the epochs alone, so that it is the same after a resume. */
import type { StagePlan } from '@gradpool/experiments'
import type { EpochRow } from '../runs/run-result.js'

/** The first of the highest validation accuracy; undefined where there was none. */
export function bestEpoch(rows: readonly EpochRow[]): number | undefined {
  return best(rows, 0)?.epoch
}

/** Whether a stage has done its epochs, or as many without progress as its early stopping waits for. */
export function isOver(
  { epochs, earlyStopping }: Pick<StagePlan, 'epochs' | 'earlyStopping'>,
  rows: readonly EpochRow[],
): boolean {
  if (rows.length >= epochs) return true
  if (earlyStopping === undefined) return false
  const { patience, minDelta } = earlyStopping
  return rows.length - (best(rows, minDelta)?.epoch ?? 0) >= patience
}

/** The last row that was better than the best before it by more than `minDelta`. */
function best(rows: readonly EpochRow[], minDelta: number): EpochRow | undefined {
  let found: { row: EpochRow; accuracy: number } | undefined
  for (const row of rows) {
    if (row.validation === null) continue
    if (found === undefined || row.validation > found.accuracy + minDelta) {
      found = { row, accuracy: row.validation }
    }
  }
  return found?.row
}
