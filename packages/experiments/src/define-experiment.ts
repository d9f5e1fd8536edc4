/**
 * How experiments are written: `defineExperiment` and the stages it takes; one of one's own is
 * `{ name, model }`.
 */
import { parseWith } from './config-errors.js'
import { checkPresets } from './presets.js'
import {
  checkedTogether,
  experimentSchema,
  type AutoencodeInput,
  type ClassifyInput,
  type ExperimentConfig,
  type ExperimentInput,
  type HashInput,
} from './schema.js'

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
  const config = checkedTogether(parseWith(experimentSchema(), value, where), where)
  checkPresets(config)
  return config
}

/** A stage that trains an encoder and a decoder to give back their input. Needs no labels. */
export function autoencode(options: Omit<AutoencodeInput, 'kind'>): AutoencodeInput {
  return { kind: 'autoencode', ...options }
}

/**
 * A stage that trains a classifier, from the pixels or on the encoder of the autoencode stage
 * before it.
 */
export function classify(options: Omit<ClassifyInput, 'kind'>): ClassifyInput {
  return { kind: 'classify', ...options }
}

/**
 * A stage that trains an encoder to binary codes: without labels, from what small maps of an image
 * leave the same, or with labels. It starts from the hash stage before it, if there is one.
 */
export function hash(options: Omit<HashInput, 'kind'>): HashInput {
  return { kind: 'hash', ...options }
}

function nameIn(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'name' in value) {
    if (typeof value.name === 'string' && value.name !== '') return value.name
  }
  return 'experiment'
}
