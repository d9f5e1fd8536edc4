/**
 * The part of an experiment that makes codes of images, for what is done with codes after training.
 */
import { prediction, UserError, type Model } from '@gradpool/core'
import type { Dataset } from '@gradpool/datasets'
import type { ExperimentConfig } from './schema.js'
import { stageModel } from './stage-model.js'

export interface CodeModel {
  /** Which of the experiment's stages it is, from 0. */
  readonly position: number
  /** Predicts `code` [batch, width] of the field `image`, and nothing else. */
  readonly model: Model
}

/**
 * Of the last stage that predicts a `code`, as an autoencoder does; undefined where none does.
 *
 * @throws UserError where a model does not fit the images
 */
export function codeModel(config: ExperimentConfig, dataset: Dataset): CodeModel | undefined {
  for (let position = config.stages.length - 1; position >= 0; position--) {
    const stage = config.stages[position]
    if (stage === undefined) continue
    const model = stageModel(stage, config.stages.slice(0, position), dataset)
    if (predictsCode(model, dataset)) return { position, model: onlyCode(model) }
  }
  return undefined
}

/** Whether there is a `code` among its predictions, [batch, width]. */
function predictsCode(model: Model, { fields }: Dataset): boolean {
  const data = { fields: fields.train, numExamples: 1 }
  if (model.forData(data).tracePrediction === undefined) return false
  const { program } = prediction(model, { batchSize: 1, data })
  const code = program.results.find(({ name }) => name === 'code')
  return code !== undefined && program.node(code.node).shape.length === 2
}

function onlyCode(model: Model): Model {
  return {
    forData(data) {
      const functions = model.forData(data)
      return {
        ...functions,
        tracePrediction: (binding, batch) => {
          const code = functions.tracePrediction?.(binding, batch).code
          if (code === undefined) throw new UserError('this stage predicts no code')
          return { code }
        },
      }
    },
  }
}
