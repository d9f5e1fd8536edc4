/**
 * The model of each stage of a configuration, for the data it will see.
 */
import { type Model } from '@gradpool/core'
import { modelFor } from '@gradpool/core/engine'
import type { Dataset } from '@gradpool/datasets'
import { autoencode, classify, hash } from '@gradpool/models'
import type { StageConfig } from './schema.js'

/**
 * @param before the stages before it, in order; a classifier takes the encoder of the last autoencoder among them
 * @throws UserError where the model does not fit the data
 */
export function stageModel(
  config: StageConfig,
  before: readonly StageConfig[],
  { fields, classes, imageShape }: Dataset,
): Model {
  return modelFor(readyModel(config, before), { fields: fields.train, classes, imageShape })
}

function readyModel(config: StageConfig, before: readonly StageConfig[]): Model {
  switch (config.kind) {
    case 'autoencode':
      return autoencode(config)
    case 'classify': {
      const autoencoder =
        config.encoder === 'none' ? undefined : before.findLast((stage) => stage.kind === 'autoencode')
      return classify({ ...config, ...(autoencoder && { autoencoder }) })
    }
    case 'hash':
      return hash(config)
    case 'model':
      return config.model
  }
}
