/** From a saved model to the bytes of its file. Equal models give equal bytes. */
import { createSha256, type BatchProgram, type TableNames } from '@gradpool/core/engine'
import { valuesOf } from '../named-states.js'
import { encodeSafetensors } from '../safetensors.js'
import { sealJson } from '../sealed-json.js'
import { weightsHash } from '../weights-hash.js'
import { checkContent } from './check-content.js'
import { reduceWeights } from './reduced-weights.js'
import { FORMAT_VERSION, type ModelContent, type RowPrograms } from './saved-model.js'

/**
 * @throws UserError for a model that could not be read again: a state that a Program lacks, one
 *   that is too large
 */
export function encodeSavedModel(given: ModelContent): Uint8Array {
  const { weights } = given
  const reduced = weights && reduceWeights(given.states, weights)
  const content = reduced ? { ...given, states: reduced.read } : given
  checkContent(content, 'the model')
  const { states, predict, evaluation, training, table, provenance, metrics, description } = content
  const about = {
    formatVersion: FORMAT_VERSION,
    kind: 'model',
    hash: contentHash(content),
    weights,
    provenance,
    metrics,
    predict: predict && {
      fields: predict.fields,
      outputs: predict.outputs,
      ...programsOf(predict),
    },
    evaluation: evaluation && { metrics: evaluation.metrics, ...programsOf(evaluation) },
    training: training && trainingOf(training),
    table: table && namesOf(table),
  }
  const gradpool = description === 'unverified' ? JSON.stringify(about) : sealJson(about, undefined, 0)
  return encodeSafetensors({ tensors: reduced?.stored ?? states, metadata: { gradpool } })
}

// What is written is named, and always in the same order.

function programsOf({ blockRows, row, block }: RowPrograms): RowPrograms {
  return { blockRows, row, block }
}

function trainingOf(training: BatchProgram): object {
  const { batchSize, numExamples, shuffle, microBatches = 1, plateaus, metrics, program, tail } = training
  return { batchSize, numExamples, shuffle, microBatches, plateaus, metrics, program, tail }
}

function namesOf({ target, columns, categories, unknown, missing, classNames, tokens, encoder }: TableNames): object {
  return { target, columns, categories, unknown, missing, classNames, tokens, encoder }
}

/** Of states, Programs and names. */
export function contentHash({ states, predict, evaluation, training, table }: ModelContent): string {
  const hash = createSha256().update(weightsHash(valuesOf(states)))
  const programs = {
    predictRow: predict?.row,
    predictBlock: predict?.block,
    evaluateRow: evaluation?.row,
    evaluateBlock: evaluation?.block,
    train: training?.program,
    trainTail: training?.tail,
  }
  for (const [name, program] of Object.entries(programs)) {
    if (program) hash.update(`${name} ${program.hash}\n`)
  }
  if (table) hash.update(`table ${JSON.stringify(namesOf(table))}\n`)
  return hash.digest()
}
