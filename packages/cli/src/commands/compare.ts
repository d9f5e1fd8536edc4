/**
 * `gradpool compare`: what differs between runs in configuration, data and engine, their results seed by seed, and
 * their curves on one scale.
 */
import { UserError } from '@gradpool/core'
import {
  epochsOfRun,
  type ExperimentSummary,
  findRun,
  flatConfig,
  isRun,
  readRun,
  type RunContents,
  type RunSummary,
  summarize,
  valuesOf,
} from '@gradpool/orchestrator'
import { metricAt, pairedTest } from '@gradpool/trainer'
import { gridOf } from '../display/grid.js'
import { metricText } from '../display/metric-text.js'
import { type Outlet } from '../display/outlet.js'
import { rangeOf, sparkline } from '../display/sparkline.js'
import { mean, standardDeviation } from '../display/statistics.js'
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

/** A run, and the experiment of it that is meant. */
interface Target {
  readonly asked: string
  readonly run: RunSummary
  readonly contents: RunContents
  readonly experiment: string | undefined
}

interface Side {
  readonly label: string
  readonly run: RunSummary
  readonly contents: RunContents
  /** The same over its seeds. */
  readonly seeds: readonly ExperimentSummary[]
}

interface Difference {
  readonly name: string
  /** By side; null where there is no such field. */
  readonly values: readonly (string | null)[]
}

interface Results {
  readonly metric: string
  readonly seeds: readonly { readonly seed: number; readonly values: readonly (number | null)[] }[]
  readonly sides: readonly { readonly mean: number | null; readonly deviation: number | null }[]
  /** Of each side but the first with the first, over the seeds that both have; null for fewer than two. */
  readonly tests: readonly (ReturnType<typeof pairedTest> | null)[]
}

interface Curve {
  readonly metric: string
  /** By side, the mean over its seeds after each epoch of the last stage. */
  readonly values: readonly (readonly number[])[]
}

/** @throws UserError for a run that is not there, or runs that have no experiment in common */
export async function compareCommand(
  asked: readonly string[],
  { runs, metric, json = false }: CompareOptions,
  { stdout, stderr }: Io,
): Promise<number> {
  if (asked.length < 2) throw new UserError('compare needs two runs at least: RUN or RUN/EXPERIMENT each')
  const targets = []
  for (const each of asked) {
    targets.push(await targetOf(each, runs, (damage) => stderr.print(`Warning: ${damage}`)))
  }
  const comparisons = pairings(targets).map((sides) => {
    return {
      sides: sides.map(({ label }) => label),
      experiments: sides.map(({ seeds }) => seeds[0]?.name ?? ''),
      differences: differencesOf(sides),
      results: resultsOf(sides, metric),
      curves: curvesOf(sides),
    }
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

async function targetOf(asked: string, runs: string, onDamaged: (message: string) => void): Promise<Target> {
  const at = isRun(asked, runs) ? -1 : asked.lastIndexOf('/')
  const directory = await findRun(at < 0 ? asked : asked.slice(0, at), runs)
  const [run, contents] = [await summarize(directory, onDamaged), await readRun(directory)]
  const experiment = at < 0 ? undefined : asked.slice(at + 1)
  if (experiment !== undefined && !run.experiments.some(({ name }) => name === experiment)) {
    const names = [...new Set(run.experiments.map(({ name }) => name))]
    throw new UserError(`the run '${directory}' has no experiment '${experiment}': it has ${names.join(', ')}`)
  }
  return { asked, run, contents, experiment }
}

/** What is compared with what: experiments of the same name, or those that are named, or the only ones. */
function pairings(targets: readonly Target[]): Side[][] {
  const namesOf = ({ run, experiment }: Target) =>
    experiment === undefined ? [...new Set(run.experiments.map(({ name }) => name))] : [experiment]
  const all = targets.map(namesOf)
  const sidesOf = (names: readonly string[]) =>
    targets.map(({ asked, run, contents }, at): Side => {
      const name = names[at] ?? ''
      const label = targets.filter((other) => other.asked === asked).length > 1 ? `${asked} ${at + 1}` : asked
      return { label, run, contents, seeds: run.experiments.filter((one) => one.name === name) }
    })
  if (all.every(({ length }) => length === 1)) return [sidesOf(all.flat())]
  const common = all[0]?.filter((name) => all.every((names) => names.includes(name))) ?? []
  if (common.length > 0) return common.map((name) => sidesOf(targets.map(() => name)))
  throw new UserError(
    `these runs have no experiment in common: say which are meant, such as '${targets[0]?.asked}/${all[0]?.[0]}'`,
  )
}

/** Names that say what an experiment is called, not what it does. */
const CALLED = ['name', 'condition', 'reported']

function differencesOf(sides: readonly Side[]): Difference[] {
  const facts = sides.map(({ run, seeds: [one] }) => {
    const found = new Map<string, string>()
    for (const [path, value] of flatConfig(one?.config)) if (!CALLED.includes(path)) found.set(path, String(value))
    if (one) found.set('data', one.data.name).set('hash of the data', one.data.hash.slice(0, 12))
    found.set('engine', run.engine).set('numerics', run.numerics).set('version', run.version)
    if (run.commit !== null) found.set('commit', run.commit)
    return found
  })
  const names = [...new Set(facts.flatMap((found) => [...found.keys()]))]
  return names
    .map((name) => ({ name, values: facts.map((found) => found.get(name) ?? null) }))
    .filter(({ values }) => new Set(values).size > 1)
}

/** What counts: the accuracy of the test, or what there is, the loss last. */
function metricOf(sides: readonly Side[]): string | undefined {
  const [first = [], ...others] = sides.map(({ seeds }) => [
    ...new Set(seeds.flatMap((one) => Object.keys(one.metrics))),
  ])
  const common = first.filter((name) => others.every((names) => names.includes(name)))
  const order = ['test.accuracy', ...common.filter((name) => !name.endsWith('.loss')), ...common]
  return order.find((name) => common.includes(name))
}

/** Undefined where no side has any. @throws UserError where none has the one asked for */
function resultsOf(sides: readonly Side[], asked: string | undefined): Results | undefined {
  const metric = asked ?? metricOf(sides)
  if (metric === undefined) return undefined
  const values = sides.map(({ run, seeds }) => {
    const found = seeds.flatMap((one) => {
      const [value] = valuesOf(run, one, metric)
      return typeof value === 'number' ? [[one.seed, value] as const] : []
    })
    return new Map(found)
  })
  const seeds = [...new Set(values.flatMap((found) => [...found.keys()]))].sort((a, b) => a - b)
  if (seeds.length === 0 && asked !== undefined) throw new UserError(`no experiment has a metric '${asked}'`)
  const [first = new Map<number, number>(), ...others] = values
  return {
    metric,
    seeds: seeds.map((seed) => ({ seed, values: values.map((found) => found.get(seed) ?? null) })),
    sides: values.map((found) => {
      const all = [...found.values()]
      return { mean: all.length === 0 ? null : mean(all), deviation: standardDeviation(all) }
    }),
    tests: others.map((found) => {
      const pairs = seeds.flatMap((seed) => {
        const [one, other] = [first.get(seed), found.get(seed)]
        return one === undefined || other === undefined ? [] : [other - one]
      })
      return pairs.length < 2 ? null : pairedTest(pairs)
    }),
  }
}

function curvesOf(sides: readonly Side[]): Curve[] {
  const rows = sides.map(({ contents, seeds }) =>
    seeds.map(({ name, seed }) => {
      const stages = epochsOfRun(contents).filter((one) => one.experiment === name && one.seed === seed)
      return stages.at(-1)?.rows ?? []
    }),
  )
  return ['loss', 'validation.loss', 'accuracy', 'validation.accuracy'].flatMap((metric) => {
    const values = rows.map((ofSeeds) => {
      const longest = Math.max(0, ...ofSeeds.map(({ length }) => length))
      return Array.from({ length: longest }, (_, at) => {
        const found = ofSeeds.flatMap((all) => (all[at] === undefined ? [] : (metricAt(all[at], metric) ?? [])))
        return mean(found)
      })
    })
    return values.some((curve) => curve.some(Number.isFinite)) ? [{ metric, values }] : []
  })
}

function printDifferences(outlet: Outlet, sides: readonly string[], differences: readonly Difference[]): void {
  const rows = differences.map(({ name, values }) => [name, ...values.map((value) => value ?? '–')])
  outlet.printColoured(
    gridOf(['differs', ...sides], rows, { columns: outlet.columns(), colours: outlet.colours, right: [] }),
  )
}

function printResults(outlet: Outlet, sides: readonly string[], { metric, seeds, sides: told, tests }: Results): void {
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

function printCurves(outlet: Outlet, sides: readonly string[], curves: readonly Curve[]): void {
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
