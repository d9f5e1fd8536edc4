/** A view with what a page shows, and no more: pages stay small however long a run was. */
import type { EpochRow, Metrics } from '@gradpool/trainer'
import type { RunView, StageView } from './run-view.js'

const MOST_ROWS = 1000

/** Without samples, which figures have, and with 1000 epochs of a stage at most, evenly, the last among them. */
export function compact(view: RunView): RunView {
  const stages = Object.entries(view.stages).map(([hash, stage]): [string, StageView] => [
    hash,
    { ...stage, samples: [], rows: some(stage.rows).map(numbersOf) },
  ])
  return { ...view, stages: Object.fromEntries(stages) }
}

function some(rows: readonly EpochRow[]): readonly EpochRow[] {
  const every = Math.ceil(rows.length / MOST_ROWS)
  return rows.filter((_, at) => at % every === 0 || at === rows.length - 1)
}

/** No curve has matrices. */
function numbersOf(row: EpochRow): EpochRow {
  const { epoch, seconds, loss, validation } = row
  return {
    ...numbersIn(row),
    epoch,
    seconds,
    loss,
    ...(validation && { validation: { ...numbersIn(validation), loss: validation.loss } }),
  }
}

function numbersIn(metrics: EpochRow | Metrics): Record<string, number> {
  return Object.fromEntries(
    Object.entries(metrics).flatMap(([name, value]) => (typeof value === 'number' ? [[name, value] as const] : [])),
  )
}
