/**
 * The table a run ends with, one row per experiment: condition, the report's accuracy, ours, seconds; and below it, in a
 * line each, what was shared and what failed.
 *
 * Ours is the test accuracy; over several seeds its mean ± standard deviation, and how many of them that is if some
 * did not get there. Seconds are the mean over the seeds.
 */
import { type ExperimentResult, type RunResult } from '@gradpool/orchestrator'
import { gridOf } from './grid.js'
import { type Colours } from './outlet.js'
import { mean, standardDeviation } from './statistics.js'
import { hasManySeeds, titleOfExperiment, verbOf } from './titles.js'

export interface TableOptions {
  readonly columns: number
  readonly colours: Colours
}

const heads = ['experiment', '조건 (condition)', 'report', 'ours', 'seconds']
const conditionColumn = 1

export function resultTable(result: RunResult, options: TableOptions): string {
  const { colours } = options
  const rows = groupedByName(result.experiments).map((group) => rowOf(group, colours))
  return gridOf(heads, rows, { ...options, flexible: conditionColumn, right: [2, 3, 4] })
}

/** What the table has no room for: a line each. */
export function remarks({ experiments }: RunResult): string[] {
  const manySeeds = hasManySeeds(experiments)
  const failures = experiments
    .filter(({ status }) => status === 'failed')
    .map(({ name, seed, error }) => {
      const reason = oneLine(error ?? 'no reason was given')
      return `${titleOfExperiment(name, seed, manySeeds)} failed: ${reason}`
    })
  return [...sharedStages(experiments), ...reusedStages(experiments), ...failures]
}

function reusedStages(experiments: readonly ExperimentResult[]): string[] {
  const stages = new Map(
    experiments.flatMap((one) => one.stages.map((stage) => [stage.hash, stage.reused] as const)),
  )
  const count = [...stages.values()].filter((reused) => reused).length
  if (count === 0) return []
  const what = count === stages.size ? 'All stages were' : `${count} of ${stages.size} stages were`
  return [`${what} trained by earlier runs, and not again; --fresh trains them.`]
}

function sharedStages(experiments: readonly ExperimentResult[]): string[] {
  const users = new Map<string, { stage: string; names: Set<string> }>()
  for (const { name, stages } of experiments) {
    for (const stage of stages.filter(({ shared }) => shared)) {
      const user = users.get(stage.hash) ?? { stage: verbOf(stage.name), names: new Set() }
      users.set(stage.hash, user)
      user.names.add(name)
    }
  }
  const lines = [...users.values()].map(({ stage, names }) => {
    return `${[...names].join(' and ')} share one ${stage} stage; its seconds count in each.`
  })
  return [...new Set(lines)]
}

function groupedByName(experiments: readonly ExperimentResult[]): ExperimentResult[][] {
  const groups = new Map<string, ExperimentResult[]>()
  for (const experiment of experiments) {
    groups.set(experiment.name, [...(groups.get(experiment.name) ?? []), experiment])
  }
  return [...groups.values()]
}

function rowOf(group: readonly ExperimentResult[], colours: Colours): string[] {
  const [first] = group
  if (first === undefined) return []
  return [
    first.name,
    first.condition,
    first.reported === null ? '–' : first.reported.toFixed(3),
    ours(group, colours),
    mean(group.map(({ seconds }) => seconds)).toFixed(1),
  ]
}

function ours(group: readonly ExperimentResult[], colours: Colours): string {
  const accuracies = group.flatMap(({ accuracy }) => (accuracy === null ? [] : [accuracy]))
  if (accuracies.length === 0) {
    if (group.some(({ status }) => status === 'failed')) return colours.red('failed')
    return group.some(({ status }) => status === 'interrupted') ? colours.yellow('stopped') : '–'
  }
  const deviation = standardDeviation(accuracies)
  const spread = deviation === null ? '' : ` ± ${deviation.toFixed(3)}`
  const missing = group.length - accuracies.length
  const count = missing === 0 ? '' : ` (${accuracies.length} of ${group.length})`
  return colours.bold(mean(accuracies).toFixed(3)) + spread + count
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
