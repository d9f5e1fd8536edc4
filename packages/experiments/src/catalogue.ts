/**
 * The experiments that come with Gradpool, by name, and their groups.
 */
import { UserError } from '@gradpool/core'
import { convolutionExperiments } from './convolution-experiments.js'
import { generativeExperiments } from './generative-experiments.js'
import { hashingExperiments } from './hashing-experiments.js'
import { suggestion } from '@gradpool/trainer/plan'
import { recurrentExperiments } from './recurrent-experiments.js'
import { reportExperiments } from './report-experiments.js'
import type { ExperimentConfig } from './schema.js'
import { speedExperiments } from './speed-experiments.js'
import { textExperiments } from './text-experiments.js'

let loaded: { configs: ReadonlyMap<string, ExperimentConfig>; groups: Groups } | undefined

/** Names that stand for several experiments. */
type Groups = Readonly<Record<string, readonly string[]>>

/** Made when first asked for, as checking experiments takes time. */
function load() {
  const grouped = {
    report: reportExperiments(),
    hashing: hashingExperiments(),
    convolution: convolutionExperiments(),
    generative: generativeExperiments(),
    recurrent: recurrentExperiments(),
    text: textExperiments(),
    speed: speedExperiments(),
  }
  const named = Object.values(grouped)
    .flat()
    .map((config) => [config.name, config] as const)
  const groups = Object.fromEntries(
    Object.entries(grouped).map(([group, configs]) => [group, configs.map(({ name }) => name)]),
  )
  return { configs: new Map(named), groups }
}

/** By name: the report's in its order, then the other groups. */
export function catalogue(): ReadonlyMap<string, ExperimentConfig> {
  loaded ??= load()
  return loaded.configs
}

/** Names that stand for several experiments. */
export function groups(): Groups {
  loaded ??= load()
  return loaded.groups
}

/**
 * The experiments of these names and groups, in the order asked for, each once.
 *
 * @throws UserError for an unknown name, suggesting the nearest.
 */
export function findExperiments(names: readonly string[]): ExperimentConfig[] {
  const found = new Set<string>()
  const known = groups()
  for (const name of names) {
    const members = Object.hasOwn(known, name) ? (known[name] ?? []) : [name]
    for (const member of members) found.add(member)
  }
  return [...found].map((name) => {
    const config = catalogue().get(name)
    if (config !== undefined) return config
    const names = [...Object.keys(known), ...catalogue().keys()]
    throw new UserError(`there is no experiment '${name}'; ${suggestion(name, names)}`)
  })
}
