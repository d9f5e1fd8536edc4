/**
 * The table a run ends with, one row per experiment, and below it, in a line each, what was shared and what failed.
 *
 * Where the report has figures of some experiments: condition, the report's accuracy, ours over the test examples, and
 * what other metrics there are. Else all metrics of the test, or where there is none, those of the last epoch. Over
 * several seeds each is the mean ± standard deviation, and how many of them that is if some did not get there. Seconds
 * are the mean over the seeds.
 */
import { type ExperimentResult, mean, type RunResult, standardDeviation } from '@gradpool/orchestrator'
import { type EpochRow, type Metrics } from '@gradpool/trainer'
import { gridOf } from './grid.js'
import { metricText, numberNames } from './metric-text.js'
import { type Colours } from './outlet.js'
import { type InReportWords } from './report-words.js'
import { hasManySeeds, titleOfExperiment, verbOf } from './titles.js'

export interface TableOptions {
  readonly columns: number
  readonly colours: Colours
  readonly inReportWords: InReportWords
}

/** Of the same experiment over its seeds. */
type Group = readonly ExperimentResult[]

interface Column {
  readonly head: string
  readonly isText?: boolean
  readonly cell: (group: Group) => string
}

export function resultTable({ experiments }: RunResult, options: TableOptions): string {
  const columns = columnsOf(experiments, options)
  const rows = groupedByName(experiments).map((group) => columns.map(({ cell }) => cell(group)))
  const heads = columns.map(({ head }) => head)
  const right = columns.flatMap(({ isText = false }, at) => (isText ? [] : [at]))
  const flexible = heads.findIndex((head) => CONDITIONS.includes(head))
  return gridOf(heads, rows, { ...options, right, ...(flexible >= 0 && { flexible }) })
}

const CONDITION = 'condition'
const REPORT_CONDITION = '조건 (condition)'
const CONDITIONS = [CONDITION, REPORT_CONDITION]

function columnsOf(experiments: Group, { colours, inReportWords }: TableOptions): Column[] {
  const isReported = experiments.some(hasFigure)
  const others = experiments.filter((one) => !hasFigure(one))
  const isKorean = experiments.some(({ name }) => inReportWords(name))
  const names = [...new Set(others.flatMap((one) => [...metricsOf(one).keys()]))].filter(
    (name) => !isReported || !OURS.includes(name),
  )
  const metrics = names.map((head) => metricColumn(head, (one) => metricsOf(one).get(head)))
  const [first = metricColumn('result', () => undefined), ...more] = isReported
    ? [metricColumn('ours', ({ accuracy }) => accuracy ?? undefined, true), ...metrics]
    : metrics
  return [
    { head: 'experiment', isText: true, cell: ([one]) => one?.name ?? '' },
    ...(experiments.some(({ condition }) => condition !== '')
      ? [conditionColumn(isKorean ? REPORT_CONDITION : CONDITION)]
      : []),
    ...(isReported ? [reportColumn] : []),
    { ...first, cell: (group) => first.cell(group, colours) || statusOf(group, colours) },
    ...more.map(({ head, cell }) => ({
      head,
      cell: (group: Group) => cell(group, colours) || '–',
    })),
    { head: 'seconds', cell: (group) => mean(group.map(({ seconds }) => seconds)).toFixed(1) },
  ]
}

/** What the column `ours` tells. */
const OURS = ['test.loss', 'test.accuracy']

function conditionColumn(head: string): Column {
  return { head, isText: true, cell: ([one]) => one?.condition ?? '' }
}

/** Whether the report has a figure of it. */
function hasFigure({ reported }: ExperimentResult): boolean {
  return reported !== null
}

const reportColumn: Column = {
  head: 'report',
  cell: ([one]) => one?.reported?.toFixed(3) ?? '–',
}

/** Of the test, or where there is none, of the last epoch of the last stage. */
function metricsOf({ status, test, stages }: ExperimentResult): Map<string, number> {
  const found = new Map<string, number>()
  if (status !== 'done') return found
  const add = (prefix: string, metrics: EpochRow | Metrics) => {
    for (const name of numberNames(metrics)) found.set(prefix + name, Number(metrics[name]))
  }
  const row = stages.at(-1)?.epochs.at(-1)
  if (test) add('test.', test)
  else if (row !== undefined) {
    add('', row)
    if (row.validation !== undefined) add('validation.', row.validation)
  }
  return found
}

/** Empty where no seed has it. */
function metricColumn(head: string, valueOf: (one: ExperimentResult) => number | undefined, isFixed = false) {
  const text = (value: number) => (isFixed ? value.toFixed(3) : metricText(value))
  const cell = (group: Group, colours: Colours): string => {
    const values = group.flatMap((one) => valueOf(one) ?? [])
    if (values.length === 0) return ''
    const deviation = standardDeviation(values)
    const spread = deviation === null ? '' : ` ± ${text(deviation)}`
    const count = values.length === group.length ? '' : ` (${values.length} of ${group.length})`
    return colours.bold(text(mean(values))) + spread + count
  }
  return { head, cell }
}

function statusOf(group: Group, colours: Colours): string {
  if (group.some(({ status }) => status === 'failed')) return colours.red('failed')
  return group.some(({ status }) => status === 'interrupted') ? colours.yellow('stopped') : '–'
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
  const stages = new Map(experiments.flatMap((one) => one.stages.map((stage) => [stage.hash, stage.reused] as const)))
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

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
