/**
 * From what was typed after `gradpool run` to experiments: names, groups and files, with the preset and the overrides
 * of the command line applied.
 */
import { isDeepStrictEqual } from 'node:util'
import { UserError } from '@gradpool/core'
import { type ExperimentConfig, findExperiments, withOverrides, withPreset } from '@gradpool/experiments'
import { isExperimentFile, loadExperimentFile } from './load-experiment-file.js'

export interface Changes {
  readonly preset: string
  readonly epochs?: number | undefined
  /** `path=value` each. */
  readonly set: readonly string[]
}

/**
 * The experiments asked for, in order, each once.
 *
 * @throws UserError for a name or file that is not there, and for changes that an experiment does not take.
 */
export async function selectExperiments(asked: readonly string[], changes: Changes): Promise<ExperimentConfig[]> {
  if (asked.length === 0) {
    throw new UserError(
      'Say what to run: the name of an experiment, a group or a file, such as `gradpool run report`; `gradpool list` shows the names',
    )
  }
  const selected = new Map<string, ExperimentConfig>()
  for (const one of asked) {
    const found = isExperimentFile(one) ? [await loadExperimentFile(one)] : findExperiments([one])
    for (const config of found) {
      const before = selected.get(config.name)
      if (before !== undefined && !isDeepStrictEqual(before, config)) {
        throw new UserError(`Two different experiments are named '${config.name}': rename one of them`)
      }
      selected.set(config.name, config)
    }
  }
  return [...selected.values()].map((config) => changed(config, changes))
}

function changed(config: ExperimentConfig, { preset, epochs, set }: Changes): ExperimentConfig {
  const presetted = withPreset(config, preset)
  const shortened = epochs === undefined ? presetted : withEpochs(presetted, epochs)
  return withOverrides(shortened, set)
}

/** All stages train for so many epochs, those too that had a number of their own. */
function withEpochs(config: ExperimentConfig, epochs: number): ExperimentConfig {
  const own = config.stages.flatMap(({ train }, index) =>
    train?.epochs === undefined ? [] : [`stages[${index}].train.epochs=${epochs}`],
  )
  return withOverrides(config, [`train.epochs=${epochs}`, ...own])
}
