/** An autoencoder of dense layers, and its training by the mean squared error of its reconstruction. */
import { type Batch, defineModel, div, type InitializerLike, type Model, UserError } from '@gradpool/core'
import { type Augmentation, checkAugmentations } from '../augmentation/augment.js'
import type { ActivationName } from '../layers/activation.js'
import { meanSquaredError } from '../losses/mean-squared-error.js'
import { reconstructionAccuracy } from '../metrics/reconstruction-accuracy.js'
import { checkWidth, checkWidths } from '../widths.js'
import { denseStack } from './dense-stack.js'
import { augmentFor, scaled } from './input.js'
import { inputOf, readyModel, scaleOf } from './ready-model.js'

/** What all ready models may be told. */
export interface NetworkOptions {
  /** Of the hidden layers. Default: relu. */
  readonly activation?: ActivationName
  /** Of all weights. Default: heNormal. */
  readonly weight?: InitializerLike
  /** What each pixel is multiplied by before everything. Default: 1 / 255 where they are bytes, else 1. */
  readonly scale?: number
  /** Features of one example. Default: those of the field `image`, 784 for one of 28 × 28. */
  readonly input?: number
}

export interface AutoencodeOptions extends NetworkOptions {
  /** Widths of the encoder's layers; the last is that of the code. */
  readonly encoder: readonly number[]
  /** Widths of the decoder's layers; the last is that of the input again. */
  readonly decoder: readonly number[]
  /** Of the code. Default: relu. */
  readonly codeActivation?: ActivationName
  /** Of the decoder's last layer. Default: linear. */
  readonly outputActivation?: ActivationName
  /**
   * Random changes of what is encoded in training, anew in each step, as of `classify`; what is to be given back is the
   * image as it is (Vincent et al. 2008). Default: none.
   */
  readonly augment?: readonly Augmentation[]
}

/** An autoencoder: it learns from images, and predicts their reconstruction and code. */
export type Autoencoder = AutoencodeOptions & { readonly kind: 'autoencode' } & Model<{
    readonly metrics: { readonly loss: number; readonly accuracy: number }
    readonly fields: 'image'
    readonly predictFields: 'image'
    readonly outputs: 'reconstruction' | 'code'
  }>

/**
 * A model over the field `image`, for `fit` and as a stage of an experiment; its states are `encoder.0.weight`,
 * `encoder.0.bias`, …, `decoder.0.weight`, ….
 *
 * Results: `loss` (mean squared error per pixel) and `accuracy` (see `reconstructionAccuracy`), both of the scaled
 * pixels. Predictions: `reconstruction` [batch, input], on the scale of the pixels themselves, and `code` [batch,
 * code].
 *
 * @throws UserError for widths that are not whole numbers; with the data, where the decoder does not end with the width
 *   of the input
 */
export function autoencode(options: AutoencodeOptions): Autoencoder {
  const { encoder, decoder, weight = 'heNormal' } = options
  const { activation = 'relu', codeActivation = 'relu', outputActivation = 'linear' } = options
  if (options.input !== undefined) checkWidth('input', options.input)
  checkWidths('encoder', encoder)
  checkWidths('decoder', decoder)
  checkAugmentations(options.augment ?? [], 'augment')
  return readyModel({ ...options, kind: 'autoencode' as const }, (data) => {
    const input = inputOf(data, options.input)
    const scale = scaleOf(data, options.scale)
    if (decoder.at(-1) !== input) {
      throw new UserError(`decoder must end with the width of the input, ${input}, not with ${String(decoder.at(-1))}`)
    }
    const code = encoder.at(-1) ?? input
    const varied = augmentFor(options.augment, data, 'image')
    return defineModel({
      params: {
        encoder: denseStack({
          widths: [input, ...encoder],
          activation,
          lastActivation: codeActivation,
          weight,
        }),
        decoder: denseStack({
          widths: [code, ...decoder],
          activation,
          lastActivation: outputActivation,
          weight,
        }),
      },
      step(bound, { image }: Batch<'image'>) {
        const target = scaled(image, scale)
        const output = bound.decoder(bound.encoder(scaled(varied(image), scale)))
        return {
          loss: meanSquaredError(output, target),
          accuracy: reconstructionAccuracy(output, target),
        }
      },
      predict(bound, { image }) {
        const codes = bound.encoder(scaled(image, scale))
        const output = bound.decoder(codes)
        return { reconstruction: scale === 1 ? output : div(output, scale), code: codes }
      },
    })
  })
}
