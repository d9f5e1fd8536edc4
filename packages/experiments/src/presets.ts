/**
 * Presets: named changes of an experiment that are part of it.
 */
import { UserError } from '@gradpool/core'
import type { ExperimentConfig } from './schema.js'

/**
 * The experiment with a preset's changes; `report` is the experiment as it stands.
 *
 * @throws UserError when it has no preset of that name.
 */
export function withPreset(config: ExperimentConfig, preset: string): ExperimentConfig {
  if (preset === 'report') return config
  throw new UserError(`not written yet: ${preset}`)
}
