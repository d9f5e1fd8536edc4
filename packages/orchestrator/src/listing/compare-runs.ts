/**
 * What differs between runs in configuration, data and engine, their results seed by seed, and their curves on one
 * scale.
 */
import { UserError } from '@gradpool/core'
import { metricAt, pairedTest } from '@gradpool/trainer'
import { readRun, type RunContents } from '../runs/read-run.js'
import { epochsOfRun } from './epoch-rows.js'
import { flatConfig, valuesOf } from './run-fields.js'
import { type ExperimentSummary, type RunSummary, summarize } from './run-summary.js'
import { mean, standardDeviation } from './statistics.js'

/** A run that is compared, or an experiment of it. */
export interface ComparedRun {
  /** What it is called, as it was asked for. */
  readonly title: string
  readonly directory: string
  /** Default: those that all runs have, or the only one. */
  readonly experiment?: string | undefined
}

/** Of experiments that are compared, side by side; the first side is what the others are compared with. */
export interface RunComparison {
  readonly sides: readonly string[]
  /** By side. */
  readonly experiments: readonly string[]
  readonly differences: readonly RunDifference[]
  /** Undefined where no side has any. */
  readonly results: ComparedResults | undefined
  readonly curves: readonly ComparedCurve[]
}

interface Target extends ComparedRun {
  readonly run: RunSummary
  readonly contents: RunContents
}

interface Side {
  readonly label: string
  readonly run: RunSummary
  readonly contents: RunContents
  /** The same over its seeds. */
  readonly seeds: readonly ExperimentSummary[]
}

export interface RunDifference {
  readonly name: string
  /** By side; null where there is no such field. */
  readonly values: readonly (string | null)[]
}

export interface ComparedResults {
  readonly metric: string
  readonly seeds: readonly { readonly seed: number; readonly values: readonly (number | null)[] }[]
  readonly sides: readonly { readonly mean: number | null; readonly deviation: number | null }[]
  /** Of each side but the first with the first, over the seeds that both have; null for fewer than two. */
  readonly tests: readonly (ReturnType<typeof pairedTest> | null)[]
}

export interface ComparedCurve {
  readonly metric: string
  /** By side, the mean over its seeds after each epoch of the last stage. */
  readonly values: readonly (readonly number[])[]
}

/**
 * One comparison for each pair, or more, of experiments of the same name.
 *
 * @param onDamaged Told in one sentence of labels that cannot be read.
 * @throws UserError for runs that are damaged, have no such experiment, or none in common
 */
export async function compareRuns(
  compared: readonly ComparedRun[],
  { metric, onDamaged = () => undefined }: { metric?: string | undefined; onDamaged?: (message: string) => void } = {},
): Promise<RunComparison[]> {
  if (compared.length < 2) throw new UserError('compare needs two runs at least: RUN or RUN/EXPERIMENT each')
  const targets = []
  for (const each of compared) targets.push(await targetOf(each, onDamaged))
  return pairings(targets).map((sides) => ({
    sides: sides.map(({ label }) => label),
    experiments: sides.map(({ seeds }) => seeds[0]?.name ?? ''),
    differences: differencesOf(sides),
    results: resultsOf(sides, metric),
    curves: curvesOf(sides),
  }))
}

async function targetOf(compared: ComparedRun, onDamaged: (message: string) => void): Promise<Target> {
  const { directory, experiment } = compared
  const [run, contents] = [await summarize(directory, onDamaged), await readRun(directory)]
  if (experiment !== undefined && !run.experiments.some(({ name }) => name === experiment)) {
    const names = [...new Set(run.experiments.map(({ name }) => name))]
    throw new UserError(`the run '${directory}' has no experiment '${experiment}': it has ${names.join(', ')}`)
  }
  return { ...compared, run, contents }
}

/** What is compared with what: experiments of the same name, or those that are named, or the only ones. */
function pairings(targets: readonly Target[]): Side[][] {
  const namesOf = ({ run, experiment }: Target) =>
    experiment === undefined ? [...new Set(run.experiments.map(({ name }) => name))] : [experiment]
  const all = targets.map(namesOf)
  const sidesOf = (names: readonly string[]) =>
    targets.map(({ title, run, contents }, at): Side => {
      const name = names[at] ?? ''
      const label = targets.filter((other) => other.title === title).length > 1 ? `${title} ${at + 1}` : title
      return { label, run, contents, seeds: run.experiments.filter((one) => one.name === name) }
    })
  if (all.every(({ length }) => length === 1)) return [sidesOf(all.flat())]
  const common = all[0]?.filter((name) => all.every((names) => names.includes(name))) ?? []
  if (common.length > 0) return common.map((name) => sidesOf(targets.map(() => name)))
  throw new UserError(
    `these runs have no experiment in common: say which are meant, such as '${targets[0]?.title}/${all[0]?.[0]}'`,
  )
}

/** Names that say what an experiment is called, not what it does. */
const CALLED = ['name', 'condition', 'reported']

function differencesOf(sides: readonly Side[]): RunDifference[] {
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
function resultsOf(sides: readonly Side[], asked: string | undefined): ComparedResults | undefined {
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

function curvesOf(sides: readonly Side[]): ComparedCurve[] {
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
