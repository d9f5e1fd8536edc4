/**
 * Overrides of single fields, as `--set path=value` gives them.
 */
import { UserError } from '@gradpool/core'
import type { ExperimentConfig } from './schema.js'

/**
 * The experiment with fields replaced. Each override is `path=value`: the path as in `train.epochs` or
 * `stages[0].encoder`, the value JSON, or else a string as it stands.
 *
 * @throws UserError for a path that leads nowhere, naming the fields that are there, and for a value of the wrong type.
 */
export function withOverrides(
  config: ExperimentConfig,
  overrides: readonly string[],
): ExperimentConfig {
  if (overrides.length === 0) return config
  throw new UserError(`not written yet: ${overrides.join(' ')}`)
}
