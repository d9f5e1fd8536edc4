/** A view with what a page shows, and no more: pages stay small however long a run was. */
import type { EpochRow, Metrics } from '@gradpool/trainer'
import type { RunView, StageView } from './run-view.js'
import { thinned } from './thin.js'
import type { UsageSpan } from './usage.js'

const MOST_ROWS = 1000

/** Without samples, which figures have, and with so many epochs of a stage at most. */
export function compact(view: RunView, most = MOST_ROWS): RunView {
  const stages = Object.entries(view.stages).map(([hash, stage]): [string, StageView] => [
    hash,
    { ...stage, samples: [], rows: thinned(stage.rows.map(numbersOf), most) },
  ])
  return { ...view, stages: Object.fromEntries(stages), usage: view.usage.map(rounded) }
}

function rounded({ from, to, cores, memoryBytes }: UsageSpan): UsageSpan {
  return { from: Number(from.toFixed(2)), to: Number(to.toFixed(2)), cores: Number(cores.toFixed(3)), memoryBytes }
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
