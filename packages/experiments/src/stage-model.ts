/**
 * The model of each stage of a configuration, for the data it will see.
 */
import { sizeOf, UserError, type Model } from '@gradpool/core'
import type { Dataset } from '@gradpool/datasets'
import { autoencode, classify, hashEncoder, type EncoderOptions } from '@gradpool/models'
import {
  pixelScale,
  type AutoencodeConfig,
  type ClassifyConfig,
  type StageConfig,
} from './schema.js'

/**
 * @param before the stages before it, in order; a classifier takes the encoder of the last autoencoder among them
 * @throws UserError where the model does not fit the data
 */
export function stageModel(
  config: StageConfig,
  before: readonly StageConfig[],
  dataset: Dataset,
): Model {
  switch (config.kind) {
    case 'autoencode': {
      const { decoder, outputActivation } = config
      return autoencode({ ...encoderOf(config, dataset), decoder, outputActivation })
    }
    case 'classify':
      return classifierOf(config, before, dataset)
    case 'hash': {
      const { encoder, activation, weight, scale, warp, decorrelation, binary } = config
      const { imageShape } = dataset
      if (imageShape === undefined) {
        throw lacking(dataset, "the field 'image', bytes of shape [height, width]")
      }
      const network = { imageShape, encoder, activation, weight, scale, warp }
      return hashEncoder(
        config.labels
          ? { ...network, classes: classesOf(dataset) }
          : { ...network, decorrelation, binary },
      )
    }
    case 'model':
      return config.model
  }
}

function classifierOf(
  config: ClassifyConfig,
  before: readonly StageConfig[],
  dataset: Dataset,
): Model {
  const { hidden, weight, encoder: encoderMode } = config
  const classes = classesOf(dataset)
  if (encoderMode === 'none') {
    const { activation = 'relu', scale = pixelScale } = config
    return classify({ input: pixelsOf(dataset), hidden, classes, activation, weight, scale })
  }
  const encoder = autoencoderBefore(before)
  if (!encoder) throw new UserError(`encoder '${encoderMode}' needs an autoencode stage before it`)
  // The encoder's own weights come from its stage; these are those of the layers on it.
  return classify({ ...encoderOf(encoder, dataset), hidden, classes, weight, encoderMode })
}

/** The stage whose encoder a classifier stands on. */
export function autoencoderBefore(before: readonly StageConfig[]): AutoencodeConfig | undefined {
  return before.findLast((stage) => stage.kind === 'autoencode')
}

function encoderOf(config: AutoencodeConfig, dataset: Dataset): EncoderOptions {
  const { encoder, activation, codeActivation, weight, scale } = config
  return { input: pixelsOf(dataset), encoder, activation, codeActivation, weight, scale }
}

function pixelsOf(dataset: Dataset): number {
  const { image } = dataset.fields.train
  if (image === undefined) throw lacking(dataset, "the field 'image'")
  return sizeOf(image.shape)
}

function classesOf(dataset: Dataset): number {
  if (dataset.classes !== undefined) return dataset.classes
  throw lacking(dataset, "the field 'label', one u8 or i32 from 0 on for each example")
}

function lacking({ name, fields }: Dataset, what: string): UserError {
  const known = Object.entries(fields.train).map(
    ([field, { dtype, shape }]) => `${field} ${dtype}[${shape.join(', ')}]`,
  )
  return new UserError(`this stage needs ${what}; the fields of '${name}' are ${known.join(', ')}`)
}
