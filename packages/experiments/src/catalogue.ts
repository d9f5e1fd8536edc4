/**
 * The experiments that come with Gradpool: the six of the report.
 */
import { UserError } from '@gradpool/core'
import type { ExperimentConfig } from './schema.js'

/** By name, in the report's order. */
export const catalogue: ReadonlyMap<string, ExperimentConfig> = new Map()

/** Names that stand for several experiments. */
export const groups: Readonly<Record<string, readonly string[]>> = { report: [] }

/**
 * The experiments of these names and groups, in the order asked for, each once.
 *
 * @throws UserError for an unknown name, suggesting the nearest.
 */
export function findExperiments(names: readonly string[]): ExperimentConfig[] {
  throw new UserError(`not written yet: ${names.join(' ')}`)
}
