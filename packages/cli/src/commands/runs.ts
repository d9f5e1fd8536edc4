/** `gradpool runs`: the runs of a folder, a line for each experiment, its seeds together. */
import {
  checkNames,
  type ExperimentSummary,
  listRuns,
  mean,
  metricNames,
  parseCondition,
  rowsOfRuns,
  rowValue,
  type RunRow,
  standardDeviation,
  valuesOf,
} from '@gradpool/orchestrator/listing'
import { gridOf } from '../display/grid.js'
import { metricText } from '../display/metric-text.js'
import { type Colours } from '../display/outlet.js'
import { clock } from '../display/fit-line.js'
import { visibleIn } from '../display/visible-in.js'
import { exitCode } from '../exit-code.js'
import { type Io } from '../io.js'

export interface RunsOptions {
  /** Where run directories are. */
  readonly runs: string
  readonly search?: string
  /** Conditions as they were typed. */
  readonly where: readonly string[]
  /** With `-` before it, the largest first. */
  readonly sort: string
  readonly columns?: readonly string[]
  readonly limit?: number
  readonly json?: boolean
}

/** @throws UserError when the folder cannot be read, or nothing in it has a name that is asked for */
export async function runsCommand(options: RunsOptions, { stdout, stderr }: Io): Promise<number> {
  const { runs: folder, search, where, sort, columns = [], limit = Infinity, json = false } = options
  const conditions = where.map(parseCondition)
  const all = await listRuns(folder, (damage) => stderr.print(`Warning: ${damage}`))
  const rows = rowsOfRuns(all, { search, where: conditions, sort })
  checkNames(all, columns)
  const shown = rows.slice(0, limit)
  if (json) {
    stdout.printJson(JSON.stringify(shown.flatMap(documentsOf), null, 2))
    return exitCode.done
  }
  if (all.length === 0) stdout.print(`There are no runs in '${folder}': make one with \`gradpool run report\``)
  else if (shown.length === 0) stdout.print(`None of the ${all.length} runs in '${folder}' is so.`)
  else {
    stdout.printColoured(table(shown, options.columns, stdout))
    const hidden = rows.length - shown.length
    if (hidden > 0) stdout.print(`and ${hidden} more`)
  }
  return exitCode.done
}

interface Column {
  readonly isText?: boolean
  readonly cell: (row: RunRow, colours: Colours) => string
}

const COLUMNS: Readonly<Record<string, Column>> = {
  seeds: { isText: false, cell: ({ seeds }) => String(seeds.length) },
  status: { isText: true, cell: statusText },
  seconds: { isText: false, cell: ({ seeds }) => clockText(seeds) },
  tags: { isText: true, cell: ({ run }) => visibleIn(run.tags.join(' ')) },
}

/** Metrics that are told where no columns are chosen. */
const MOST_METRICS = 3

function table(rows: readonly RunRow[], asked: readonly string[] | undefined, outlet: Io['stdout']): string {
  const { colours } = outlet
  const heads = asked ?? usualColumns(rows)
  const columns = heads.map((head) => (Object.hasOwn(COLUMNS, head) ? COLUMNS[head] : undefined) ?? fieldColumn(head))
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row, colours)))
  const isText = (at: number) =>
    columns[at]?.isText ?? rows.every((row) => typeof rowValue(row, heads[at] ?? '') !== 'number')
  const right = heads.flatMap((_, at) => (isText(at) ? [] : [at]))
  const flexible = heads.indexOf('note')
  return gridOf(visibleIn(heads), cells, {
    columns: outlet.columns(),
    colours,
    right,
    ...(flexible >= 0 && { flexible }),
  })
}

function usualColumns(rows: readonly RunRow[]): string[] {
  const hasMany = rows.some(({ seeds }) => seeds.length > 1)
  return [
    'run',
    'experiment',
    ...(hasMany ? ['seeds'] : []),
    'status',
    ...metricNames(rows.flatMap(({ seeds }) => seeds)).slice(0, MOST_METRICS),
    'seconds',
    ...(rows.some(({ run }) => run.tags.length > 0) ? ['tags'] : []),
    ...(rows.some(({ run }) => run.note !== '') ? ['note'] : []),
  ]
}

function fieldColumn(name: string): Column {
  return {
    cell({ run, seeds }, colours) {
      const values = seeds.flatMap((one) => valuesOf(run, one, name))
      const numbers = values.filter((value) => typeof value === 'number')
      if (numbers.length === 0 || numbers.length < values.length) {
        // Of all that a run has, only what is told: a thousand configurations take their time.
        return visibleIn([...new Set(values.map(String))].join(' ')) || '–'
      }
      const deviation = new Set(numbers).size > 1 ? standardDeviation(numbers) : null
      return colours.bold(numberText(mean(numbers))) + (deviation === null ? '' : ` ± ${numberText(deviation)}`)
    },
  }
}

function numberText(value: number): string {
  return Number.isInteger(value) ? String(value) : metricText(value)
}

function clockText(seeds: readonly ExperimentSummary[]): string {
  const all = seeds.flatMap(({ seconds }) => seconds ?? [])
  if (all.length === 0) return '–'
  const seconds = mean(all)
  return seconds < 60 ? seconds.toFixed(1) : clock(seconds)
}

function statusText({ seeds }: RunRow, colours: Colours): string {
  const statuses = [...new Set(seeds.map(({ status }) => status))]
  const colour = { done: colours.green, running: colours.cyan, failed: colours.red }
  const plain = (text: string) => text
  return statuses.map((status) => ({ interrupted: plain, 'cut off': plain, ...colour })[status](status)).join(' ')
}

/** Of one seed each, all that the list knows. */
function documentsOf({ run, seeds }: RunRow): object[] {
  const { started, engine, numerics, version, commit, tags, note } = run
  const told = { run: run.name, started, engine, numerics, version, commit, tags, note }
  return seeds.map(({ name: experiment, ...one }) => ({ ...told, experiment, ...one }))
}
