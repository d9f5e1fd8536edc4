/**
 * How experiments are written: `defineExperiment`, of the ready models of @gradpool/models as stages; a
 * stage of one's own is `{ name, model }`.
 */
import { beginningOf } from '@gradpool/core/engine'
import { checkPresets } from './presets.js'
import { checkedTogether, complete, type ExperimentConfig, type ExperimentInput } from './schema.js'

/**
 * Checks an experiment, each of its presets included, and fills in defaults.
 *
 * @throws UserError naming the field that is wrong, what is allowed, and what was found.
 */
export function defineExperiment(experiment: ExperimentInput): ExperimentConfig {
  return parseExperiment(experiment)
}

/** The same for a value of unknown origin, such as the default export of a user's file. */
export function parseExperiment(value: unknown): ExperimentConfig {
  const where = nameIn(value)
  const config = checkedTogether(complete(value, where), where)
  checkPresets(config)
  return config
}

function nameIn(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'name' in value) {
    if (typeof value.name === 'string' && value.name !== '') return beginningOf(value.name)
  }
  return 'experiment'
}
