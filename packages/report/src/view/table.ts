/** The table that a run ends with, one row for each experiment over its seeds. */
import { titleIn } from './curves.js'
import type { ExperimentView, RunView } from './run-view.js'

export interface Spread {
  readonly mean: number
  /** Over n - 1; null for a single value. */
  readonly deviation: number | null
  readonly count: number
}

export interface TableRow {
  readonly title: string
  readonly condition: string
  readonly status: ExperimentView['status']
  readonly seeds: number
  readonly reported: number | null
  readonly accuracy: Spread | null
  /** Of the test, where there is none of the last epoch, by name. */
  readonly metrics: Readonly<Record<string, Spread>>
  readonly seconds: number
}

export function tableOf(views: readonly RunView[]): TableRow[] {
  return views.flatMap((view) => {
    const groups = new Map<string, ExperimentView[]>()
    for (const one of view.experiments) groups.set(one.name, [...(groups.get(one.name) ?? []), one])
    return [...groups].map(([name, group]) => rowOf(titleIn(views, view, name), group, view))
  })
}

function rowOf(title: string, group: readonly ExperimentView[], view: RunView): TableRow {
  const told = group.map((one) => metricsOf(one, view))
  const names = [...new Set(told.flatMap((metrics) => Object.keys(metrics)))]
  const metrics = names.flatMap((name) => {
    const spread = spreadOf(told.flatMap((each) => each[name] ?? []))
    return spread === null ? [] : [[name, spread] as const]
  })
  return {
    title,
    condition: group[0]?.condition ?? '',
    status:
      (['failed', 'interrupted', 'running'] as const).find((bad) => group.some(({ status }) => status === bad)) ??
      'done',
    seeds: group.length,
    reported: group[0]?.reported ?? null,
    accuracy: spreadOf(group.flatMap(({ accuracy }) => accuracy ?? [])),
    metrics: Object.fromEntries(metrics),
    seconds: group.reduce((sum, { seconds }) => sum + seconds, 0) / group.length,
  }
}

function metricsOf({ status, test, stages }: ExperimentView, view: RunView): Readonly<Record<string, number>> {
  if (status !== 'done') return {}
  const row = view.stages[stages.at(-1) ?? '']?.rows.at(-1)
  const found = test
    ? [['test.', test] as const]
    : row
      ? ([
          ['', row],
          ['validation.', row.validation ?? {}],
        ] as const)
      : []
  return Object.fromEntries(
    found.flatMap(([prefix, metrics]) =>
      Object.entries(metrics).flatMap(([name, value]) =>
        typeof value === 'number' && Number.isFinite(value) && name !== 'epoch' && name !== 'seconds'
          ? [[prefix + name, value] as const]
          : [],
      ),
    ),
  )
}

export function spreadOf(values: readonly number[]): Spread | null {
  const count = values.length
  if (count === 0) return null
  const mean = values.reduce((sum, value) => sum + value, 0) / count
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, deviation: count > 1 ? Math.sqrt(squares / (count - 1)) : null, count }
}
