/** An autoencoder of dense layers, and its training by the mean squared error of its reconstruction. */
import {
  type Batch,
  defineModel,
  div,
  type InitializerLike,
  type Model,
  UserError,
} from '@gradpool/core'
import type { ActivationName } from '../layers/activation.js'
import { meanSquaredError } from '../losses/mean-squared-error.js'
import { reconstructionAccuracy } from '../metrics/reconstruction-accuracy.js'
import { checkWidth, checkWidths } from '../widths.js'
import { denseStack } from './dense-stack.js'
import { scaled } from './input.js'

/** The half of an autoencoder that makes the code; `classify` takes the same one. */
export interface EncoderOptions {
  /** Features of one example: 784 for an image of 28 × 28. */
  readonly input: number
  /** Widths of the encoder's layers; the last is that of the code. */
  readonly encoder: readonly number[]
  /** Of the hidden layers. Default: relu. */
  readonly activation?: ActivationName
  /** Of the code. Default: `activation`. */
  readonly codeActivation?: ActivationName
  /** Of all weights. Default: that of `dense`. */
  readonly weight?: InitializerLike
  /** What each pixel is multiplied by before everything. Default: 1. */
  readonly scale?: number
}

export interface AutoencodeOptions extends EncoderOptions {
  /** Widths of the decoder's layers; the last is `input` again. */
  readonly decoder: readonly number[]
  /** Of the decoder's last layer. Default: `activation`. */
  readonly outputActivation?: ActivationName
}

/** An autoencoder: it learns from images, and predicts their reconstruction and code. */
export type Autoencoder = Model<{
  readonly metrics: { readonly loss: number; readonly accuracy: number }
  readonly fields: 'image'
  readonly predictFields: 'image'
  readonly outputs: 'reconstruction' | 'code'
}>

/**
 * A model over the field `image`; its states are `encoder.0.weight`, `encoder.0.bias`, …, `decoder.0.weight`, ….
 *
 * Results: `loss` (mean squared error per pixel) and `accuracy` (see `reconstructionAccuracy`), both of the scaled pixels.
 * Predictions: `reconstruction` [batch, input], on the scale of the pixels themselves, and `code` [batch, code].
 *
 * @throws UserError where the decoder does not end with the width of the input
 */
export function autoencode(options: AutoencodeOptions): Autoencoder {
  const { input, encoder, decoder, activation = 'relu', weight, scale = 1 } = options
  const { codeActivation = activation, outputActivation = activation } = options
  checkWidth('input', input)
  checkWidths('encoder', encoder)
  checkWidths('decoder', decoder)
  if (decoder.at(-1) !== input) {
    throw new UserError(
      `decoder must end with the width of the input, ${input}, not with ${String(decoder.at(-1))}`,
    )
  }
  const code = encoder.at(-1) ?? input
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
      const output = bound.decoder(bound.encoder(target))
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
}
