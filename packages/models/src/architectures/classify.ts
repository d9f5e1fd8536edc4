/** A classifier of dense layers, by itself or on the encoder of an autoencoder. */
import { argMax, frozen, defineModel, type Model, UserError } from '@gradpool/core'
import type { ActivationName } from '../layers/activation.js'
import { crossEntropy } from '../losses/cross-entropy.js'
import { accuracy } from '../metrics/accuracy.js'
import { checkWidth, checkWidths } from '../widths.js'
import type { EncoderOptions } from './autoencode.js'
import { denseStack } from './dense-stack.js'
import { scaled } from './input.js'

/** `none`: no encoder, the hidden layers see the pixels; `frozen`: the encoder is used but not trained. */
export type EncoderMode = 'fineTuned' | 'frozen' | 'none'

export interface ClassifyOptions extends Omit<EncoderOptions, 'encoder'> {
  /** Widths of the encoder's layers, as the autoencoder had them. Default: none. */
  readonly encoder?: readonly number[]
  /** Default: fineTuned where there is an encoder. */
  readonly encoderMode?: EncoderMode
  /** Widths of the hidden layers between the code, or the pixels, and the output layer. */
  readonly hidden: readonly number[]
  readonly classes: number
}

/** A classifier: it learns from images with labels, and predicts logits and the likeliest class. */
export type Classifier = Model<{
  readonly metrics: { readonly loss: number; readonly accuracy: number }
  readonly fields: 'image' | 'label'
  readonly predictFields: 'image'
  readonly outputs: 'estimate' | 'logits'
}>

/**
 * A model over the fields `image` and `label` (class numbers, or one-hot f32). Its states are `encoder.0.weight`, …, named as
 * the autoencoder's so that its weights carry over, and `head.0.weight`, …, of which the last layer gives the logits.
 *
 * Results: `loss` (cross-entropy) and `accuracy`. Predictions: `estimate` [batch], the class of the largest logit, and
 * `logits` [batch, classes].
 *
 * @throws UserError for widths that are not whole numbers, or a mode that does not fit the encoder
 */
export function classify(options: ClassifyOptions): Classifier {
  const { input, encoder = [], hidden, classes, scale = 1 } = options
  const { activation = 'relu', codeActivation = activation, weight } = options
  const { encoderMode = encoder.length > 0 ? 'fineTuned' : 'none' } = options
  checkWidth('input', input)
  checkWidth('classes', classes)
  if (hidden.length > 0) checkWidths('hidden', hidden)
  checkMode(encoderMode, encoder)
  const stack = (widths: readonly number[], lastActivation: ActivationName) =>
    denseStack({ widths, activation, lastActivation, weight })

  const code = encoderMode === 'none' ? input : (encoder.at(-1) ?? input)
  const pixelsToCode = stack([input, ...encoder], codeActivation)
  return defineModel({
    params: {
      encoder: encoderMode === 'frozen' ? frozen(pixelsToCode) : pixelsToCode,
      // The names of states, and so the hashes of weights, keep the word.
      head: stack([code, ...hidden, classes], 'linear'),
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
