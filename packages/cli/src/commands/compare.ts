/**
 * `gradpool compare`: what differs between runs in configuration, data and engine, their results seed by seed, and
 * their curves on one scale.
 */
import {
  type ComparedCurve,
  type ComparedResults,
  type ComparedRun,
  compareRuns,
  findRun,
  isRun,
  type RunDifference,
} from '@gradpool/orchestrator'
import { gridOf } from '../display/grid.js'
import { metricText } from '../display/metric-text.js'
import { type Outlet } from '../display/outlet.js'
import { rangeOf, sparkline } from '../display/sparkline.js'
import { padEnd, textWidth } from '../display/text-width.js'
import { visibleIn } from '../display/visible-in.js'
import { exitCode } from '../exit-code.js'
import { type Io } from '../io.js'

export interface CompareOptions {
  /** Where run directories are. */
  readonly runs: string
  readonly metric?: string
  readonly json?: boolean
}

/** @throws UserError for a run that is not there, or runs that have no experiment in common */
export async function compareCommand(
  asked: readonly string[],
  { runs, metric, json = false }: CompareOptions,
  { stdout, stderr }: Io,
): Promise<number> {
  const compared = await Promise.all(asked.map((each) => comparedRun(each, runs)))
  const comparisons = await compareRuns(compared, {
    metric,
    onDamaged: (damage) => stderr.print(`Warning: ${damage}`),
  })
  if (json) {
    stdout.printJson(JSON.stringify(comparisons, null, 2))
    return exitCode.done
  }
  visibleIn(comparisons).forEach((comparison, at) => {
    const { sides, experiments, differences, results, curves } = comparison
    const names = [...new Set(experiments)]
    stdout.printColoured(`${at > 0 ? '\n' : ''}${stdout.colours.bold(names.join(' and '))}\n`)
    if (differences.length === 0) stdout.print('Nothing differs in configuration, data and engine.')
    else printDifferences(stdout, sides, differences)
    if (results === undefined) stdout.print('\nThere are no results yet.')
    else printResults(stdout, sides, results)
    printCurves(stdout, sides, curves)
  })
  return exitCode.done
}

async function comparedRun(asked: string, runs: string): Promise<ComparedRun> {
  const at = isRun(asked, runs) ? -1 : asked.lastIndexOf('/')
  const directory = await findRun(at < 0 ? asked : asked.slice(0, at), runs)
  return { title: asked, directory, experiment: at < 0 ? undefined : asked.slice(at + 1) }
}

function printDifferences(outlet: Outlet, sides: readonly string[], differences: readonly RunDifference[]): void {
  const rows = differences.map(({ name, values }) => [name, ...values.map((value) => value ?? '–')])
  outlet.printColoured(
    gridOf(['differs', ...sides], rows, { columns: outlet.columns(), colours: outlet.colours, right: [] }),
  )
}

function printResults(
  outlet: Outlet,
  sides: readonly string[],
  { metric, seeds, sides: told, tests }: ComparedResults,
): void {
  const text = (value: number | null) => (value === null ? '–' : metricText(value))
  const rows = seeds.map(({ seed, values }) => [`seed ${seed}`, ...values.map(text)])
  const means = told.map(({ mean, deviation }) => text(mean) + (deviation === null ? '' : ` ± ${text(deviation)}`))
  const right = sides.map((_, at) => at + 1)
  const { colours } = outlet
  const table = [...rows, ['mean', ...means.map((each) => colours.bold(each))]]
  outlet.print('')
  outlet.printColoured(gridOf([metric, ...sides], table, { columns: outlet.columns(), colours, right }))
  tests.forEach((test, at) => {
    const pair = `${sides[at + 1]} less ${sides[0]}`
    if (test === null) outlet.print(`${pair}: no test, which needs two seeds that both have`)
    else {
      const { difference, error, t, degreesOfFreedom, p } = test
      const facts = `t = ${t.toFixed(2)}, ${degreesOfFreedom} degrees of freedom, p = ${p.toPrecision(2)}`
      outlet.print(`${pair}: ${metricText(difference)} ± ${metricText(error)} (paired t-test over seeds: ${facts})`)
    }
  })
}

function printCurves(outlet: Outlet, sides: readonly string[], curves: readonly ComparedCurve[]): void {
  const width = Math.max(...sides.map(textWidth))
  // A file has no width, and a terminal may have none.
  const room = Math.max(10, Math.min(60, outlet.columns() - 1) - width - 20)
  for (const { metric, values } of curves) {
    const range = rangeOf(values)
    const epochs = Math.max(...values.map(({ length }) => length))
    outlet.print(`\n${metric}, ${metricText(range[0])} to ${metricText(range[1])}, over ${epochs} epochs`)
    values.forEach((curve, at) => {
      const own = Math.max(1, Math.round((Math.min(room, epochs) * curve.length) / epochs))
      const last = curve.at(-1)
      const ends = last === undefined ? '–' : metricText(last)
      outlet.print(
        `${padEnd(sides[at] ?? '', width)}  ${padEnd(sparkline(curve, own, range), Math.min(room, epochs))}  ${ends}`,
      )
    })
  }
}
