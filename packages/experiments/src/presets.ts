/**
 * Presets: named changes of an experiment that are part of it.
 */
import { UserError } from '@gradpool/core'
import { merge } from './merge.js'
import { checkedTogether, complete, type ExperimentConfig } from './schema.js'

/** The experiment as it stands. */
export const AS_DEFINED = 'default'

/**
 * The experiment with a preset's changes; `default` is the experiment as it stands.
 *
 * @throws UserError when it has no preset of that name.
 */
export function withPreset(config: ExperimentConfig, preset: string): ExperimentConfig {
  if (preset === AS_DEFINED) return config
  if (!Object.hasOwn(config.presets, preset)) {
    const known = [AS_DEFINED, ...Object.keys(config.presets)].join(', ')
    throw new UserError(`${config.name} has no preset '${preset}'; it has ${known}`)
  }
  const changed = merge(config, config.presets[preset])
  const where = `${config.name}, preset ${preset}`
  return checkedTogether(complete(changed, where), where)
}

/** @throws UserError for the first preset that makes a wrong experiment. */
export function checkPresets(config: ExperimentConfig): void {
  for (const preset of Object.keys(config.presets)) {
    if (preset === AS_DEFINED) {
      throw new UserError(`${config.name}: presets.${preset} cannot be there; it names the experiment as it stands`)
    }
    withPreset(config, preset)
  }
}
