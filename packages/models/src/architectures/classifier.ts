/** A classifier of dense layers, by itself or on the encoder of an autoencoder. */
import { argMax, frozen, defineModel, type Model, UserError } from '@gradpool/core'
import type { ActivationName } from '../layers/activation.js'
import { crossEntropy } from '../losses/cross-entropy.js'
import { accuracy } from '../metrics/accuracy.js'
import { checkWidth, checkWidths } from '../widths.js'
import type { EncoderOptions } from './autoencoder.js'
import { denseStack } from './dense-stack.js'
import { scaled } from './input.js'

/** `none`: no encoder, the head sees the pixels; `frozen`: the encoder is used but not trained. */
export type EncoderMode = 'fineTuned' | 'frozen' | 'none'

export interface ClassifierOptions extends Omit<EncoderOptions, 'encoder'> {
  /** Widths of the encoder's layers, as the autoencoder had them. Default: none. */
  readonly encoder?: readonly number[]
  /** Default: fineTuned where there is an encoder. */
  readonly encoderMode?: EncoderMode
  /** Widths of the hidden layers between the code, or the pixels, and the output layer. */
  readonly head: readonly number[]
  readonly classes: number
}

/**
 * A model over the fields `image` and `label` (class numbers, or one-hot f32). Its states are `encoder.0.weight`, …, named as
 * the autoencoder's so that its weights carry over, and `head.0.weight`, …, of which the last layer gives the logits.
 *
 * Results: `loss` (cross-entropy) and `accuracy`. Predictions: `estimate` [batch], the class of the largest logit, and
 * `logits` [batch, classes].
 *
 * @throws UserError for widths that are not whole numbers, or a mode that does not fit the encoder
 */
export function classifier(options: ClassifierOptions): Model {
  const { input, encoder = [], head, classes, scale = 1 } = options
  const { activation = 'relu', codeActivation = activation, weight } = options
  const { encoderMode = encoder.length > 0 ? 'fineTuned' : 'none' } = options
  checkWidth('input', input)
  checkWidth('classes', classes)
  if (head.length > 0) checkWidths('head', head)
  checkMode(encoderMode, encoder)
  const stack = (widths: readonly number[], lastActivation: ActivationName) =>
    denseStack({ widths, activation, lastActivation, weight })

  const code = encoderMode === 'none' ? input : (encoder.at(-1) ?? input)
  const pixelsToCode = stack([input, ...encoder], codeActivation)
  return defineModel({
    params: {
      encoder: encoderMode === 'frozen' ? frozen(pixelsToCode) : pixelsToCode,
      head: stack([code, ...head, classes], 'linear'),
    },
    step(bound, { image, label }) {
      const logits = bound.head(bound.encoder(scaled(image, scale)))
      return { loss: crossEntropy(logits, label), accuracy: accuracy(logits, label) }
    },
    predict(bound, { image }) {
      const logits = bound.head(bound.encoder(scaled(image, scale)))
      return { estimate: argMax(logits), logits }
    },
  })
}

function checkMode(mode: EncoderMode, encoder: readonly number[]): void {
  const known: readonly string[] = ['fineTuned', 'frozen', 'none']
  if (!known.includes(mode)) {
    throw new UserError(`encoderMode must be fineTuned, frozen or none, not ${mode}`)
  }
  if (mode !== 'none') checkWidths('encoder', encoder)
  else if (encoder.length > 0) throw new UserError('encoderMode none goes with no encoder widths')
}
