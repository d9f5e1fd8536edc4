/** What stands at the end of a run: the digits of each experiment, the table, and where everything is kept. */
import { type RunEvent, type RunResult, type Sample } from '@gradpool/orchestrator'
import { visualization } from './digits.js'
import { type Outlet } from './outlet.js'
import { type InReportWords } from './report-words.js'
import { remarks, resultTable } from './table.js'
import { verbOf } from './titles.js'
import { visibleIn } from './visible-in.js'

/** Keeps the samples of the stages that are done, by the stage's hash. */
export function sampleKeeper(): {
  readonly onEvent: (event: RunEvent) => void
  readonly samples: ReadonlyMap<string, readonly Sample[]>
} {
  const samples = new Map<string, readonly Sample[]>()
  const onEvent = (event: RunEvent) => {
    if (event.type === 'stageDone' || event.type === 'stageReused') samples.set(event.stage.hash, event.samples)
  }
  return { onEvent, samples }
}

export interface OutcomeOptions {
  readonly samples: ReadonlyMap<string, readonly Sample[]>
  /** The table only. */
  readonly quiet: boolean
  readonly inReportWords: InReportWords
}

export function printOutcome(outlet: Outlet, told: RunResult, options: OutcomeOptions): void {
  const { samples, quiet, inReportWords } = options
  const result = visibleIn(told)
  if (!quiet) {
    printDigits(outlet, result, { samples, inReportWords })
    outlet.print('')
  }
  printTable(outlet, result, inReportWords)
  if (!quiet) outlet.print(summaryOf(result))
}

export function printTable(outlet: Outlet, result: RunResult, inReportWords: InReportWords): void {
  const { colours } = outlet
  outlet.printColoured(resultTable(result, { columns: outlet.columns(), colours, inReportWords }))
  for (const remark of remarks(result)) outlet.print(remark)
}

/** The digits of each experiment that is done, those of its first seed; of a shared stage, once. */
export function printDigits(
  outlet: Outlet,
  { experiments }: RunResult,
  { samples, inReportWords }: Pick<OutcomeOptions, 'samples' | 'inReportWords'>,
): void {
  const seen = new Set<string>()
  const shownWith = new Map<string, string>()
  for (const { name, stages, status } of experiments) {
    if (status !== 'done' || seen.has(name)) continue
    seen.add(name)
    const shared = stages.filter(({ hash }) => shownWith.has(hash))
    const fresh = stages.filter(({ hash }) => !shownWith.has(hash))
    for (const { hash } of fresh) shownWith.set(hash, name)
    const drawn = fresh.map(({ hash }) => samples.get(hash) ?? [])
    const notes = shared
      .filter(({ hash }) => samples.has(hash))
      .map((stage) => `(${verbOf(stage.name)}: as for ${shownWith.get(stage.hash) ?? ''})`)
    const lines = [...notes, ...visualization(drawn, { columns: outlet.columns(), inReportWords: inReportWords(name) })]
    if (lines.length > 0) outlet.print(['', `Model ${name} Visualization`, ...lines].join('\n'))
  }
}

export function summaryOf({ run, engine, workers, seconds, experiments }: RunResult): string {
  const done = experiments.filter(({ status }) => status === 'done').length
  const all = experiments.length
  const count = done === all ? `${all}` : `${done} of ${all}`
  const experimentsWord = all === 1 ? 'experiment' : 'experiments'
  const how = workers === null ? 'over a queue' : `${workers} ${workers === 1 ? 'worker' : 'workers'}, engine ${engine}`
  return `${count} ${experimentsWord} done in ${seconds.toFixed(1)} s, ${how}; kept in ${run}`
}
