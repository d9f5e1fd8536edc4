/** A list of runs as people look at it: a row for each experiment of a run, its seeds together. */
import { UserError } from '@gradpool/core'
import { compareValues, type Condition, fieldNames, type FieldValue, fits, isFoundIn, valuesOf } from './run-fields.js'
import type { ExperimentSummary, RunSummary } from './run-summary.js'
import { mean } from './statistics.js'

/** An experiment of a run over its seeds, as far as they are asked for. */
export interface RunRow {
  readonly run: RunSummary
  readonly seeds: readonly ExperimentSummary[]
}

export interface RowsAsked {
  /** A text that is in a name, tag, note, data or engine. */
  readonly search?: string | undefined
  /** All of them hold. */
  readonly where: readonly Condition[]
  /** A name; with `-` before it, the largest first. */
  readonly sort: string
}

/**
 * The rows that are so. What has no value comes last, and equals stay in the order of time, the latest first.
 *
 * @throws UserError for a condition or an order by a name that no run has, where there are runs
 */
export function rowsOfRuns(runs: readonly RunSummary[], { search, where, sort }: RowsAsked): RunRow[] {
  checkNames(runs, [...where.map(({ name }) => name), nameOf(sort)])
  const isAsked = (run: RunSummary, one: ExperimentSummary) =>
    (search === undefined || isFoundIn(run, one, search)) && where.every((condition) => fits(run, one, condition))
  return sorted(
    runs.flatMap((run) => seedsTogether(run, (one) => isAsked(run, one))),
    sort,
  )
}

/** What is the same for all seeds of a row, or can be counted: names of columns that are no fields. */
const OF_ROWS: readonly string[] = ['seeds', 'tags']

/** @throws UserError for a name that is in no run, where there are runs */
export function checkNames(runs: readonly RunSummary[], names: readonly string[]): void {
  if (runs.length === 0) return
  for (const name of new Set(names)) {
    if (fieldNames.includes(name) || OF_ROWS.includes(name)) continue
    if (runs.some((run) => run.experiments.some((one) => valuesOf(run, one, name).length > 0))) continue
    const metrics = metricNames(runs.flatMap(({ experiments }) => experiments))
    throw new UserError(
      `no run has '${name}': there is ${[...fieldNames, ...metrics].join(', ')}, and every field of a configuration`,
    )
  }
}

/** The mean over the seeds, or the first text. */
export function rowValue({ run, seeds }: RunRow, name: string): FieldValue | undefined {
  const values = seeds.flatMap((one) => valuesOf(run, one, name))
  const numbers = values.filter((value) => typeof value === 'number')
  return numbers.length > 0 && numbers.length === values.length ? mean(numbers) : values[0]
}

/** Without what they are of; what most have first. */
export function metricNames(experiments: readonly ExperimentSummary[]): string[] {
  const counts = new Map<string, number>()
  for (const { metrics } of experiments) {
    const names = new Set(Object.keys(metrics).map((name) => name.replace(/^(test|validation|training)\./, '')))
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return [...counts].sort(([, a], [, b]) => b - a).map(([name]) => name)
}

function seedsTogether(run: RunSummary, isAsked: (one: ExperimentSummary) => boolean): RunRow[] {
  const groups = new Map<string, ExperimentSummary[]>()
  for (const one of run.experiments.filter(isAsked)) groups.set(one.name, [...(groups.get(one.name) ?? []), one])
  return [...groups.values()].map((seeds) => ({ run, seeds }))
}

function sorted(rows: readonly RunRow[], sort: string): RunRow[] {
  const name = nameOf(sort)
  const sign = sort.startsWith('-') ? -1 : 1
  const keyed = rows.toReversed().map((row) => ({ row, key: rowValue(row, name) }))
  keyed.sort((a, b) => {
    if (a.key === undefined || b.key === undefined) return Number(a.key === undefined) - Number(b.key === undefined)
    return sign * (compareValues(a.key, b.key) || 0)
  })
  return keyed.map(({ row }) => row)
}

const nameOf = (sort: string): string => (sort.startsWith('-') ? sort.slice(1) : sort)
