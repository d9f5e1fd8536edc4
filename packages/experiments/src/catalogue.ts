/**
 * The experiments that come with Gradpool, by name, and their groups.
 */
import { UserError } from '@gradpool/core'
import { hashingExperiments } from './hashing-experiments.js'
import { suggestion } from './nearest-name.js'
import { reportExperiments } from './report-experiments.js'
import type { ExperimentConfig } from './schema.js'

/** By name: the report's in its order, then those of hashing. */
export const catalogue: ReadonlyMap<string, ExperimentConfig> = new Map(
  [...reportExperiments, ...hashingExperiments].map((config) => [config.name, config]),
)

/** Names that stand for several experiments. */
export const groups: Readonly<Record<string, readonly string[]>> = {
  report: reportExperiments.map(({ name }) => name),
  hashing: hashingExperiments.map(({ name }) => name),
}

/**
 * The experiments of these names and groups, in the order asked for, each once.
 *
 * @throws UserError for an unknown name, suggesting the nearest.
 */
export function findExperiments(names: readonly string[]): ExperimentConfig[] {
  const found = new Set<string>()
  for (const name of names) {
    const members = Object.hasOwn(groups, name) ? (groups[name] ?? []) : [name]
    for (const member of members) found.add(member)
  }
  return [...found].map((name) => {
    const config = catalogue.get(name)
    if (config !== undefined) return config
    const known = [...Object.keys(groups), ...catalogue.keys()]
    throw new UserError(`there is no experiment '${name}'; ${suggestion(name, known)}`)
  })
}
