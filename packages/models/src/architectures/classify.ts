/** A classifier of dense layers, by itself or on the encoder of an autoencoder. */
import { argMax, type Batch, frozen, defineModel, type Model, type Tensor, UserError } from '@gradpool/core'
import type { ActivationName } from '../layers/activation.js'
import { crossEntropy } from '../losses/cross-entropy.js'
import { accuracy } from '../metrics/accuracy.js'
import { prepareTable } from '../preparation/prepare-table.js'
import { standardize } from '../preparation/standardize.js'
import { checkWidth, checkWidths } from '../widths.js'
import type { AutoencodeOptions, NetworkOptions } from './autoencode.js'
import { denseStack } from './dense-stack.js'
import { scaled } from './input.js'
import { classesOf, inputOf, readyModel, scaleOf, statisticsFor, tensorOf } from './ready-model.js'

export interface MlpOptions<F extends string = string> extends NetworkOptions {
  /** What is classified. Default: `image`, or `x` where the data have no `image`, as tables have not. */
  readonly field?: F
  /**
   * Whether numbers are scaled to mean 0 and deviation 1, as the training rows have them, within the model. Default:
   * for `x`, where no `scale` is given.
   */
  readonly standardize?: boolean
  /** Widths of the hidden layers between the pixels, or the code, and the output layer, one logit a class. */
  readonly hidden: readonly number[]
  /** Default: what the data tell, of class numbers one more than the largest. */
  readonly classes?: number
}

/** `none`: no encoder, the hidden layers see the pixels; `frozen`: the encoder is used but not trained. */
export type EncoderMode = 'none' | 'fineTuned' | 'frozen'

export interface ClassifyOptions<F extends string = string> extends MlpOptions<F> {
  /**
   * Whether the hidden layers stand on an encoder, and whether that goes on learning: of the autoencode stage before
   * this one, or of `autoencoder`. Activation and scale are the encoder's then. Default: fineTuned with `autoencoder`,
   * else none.
   */
  readonly encoder?: EncoderMode
  /** Whose encoder it is, where no stage says so; its weights come by `initFrom`. */
  readonly autoencoder?: AutoencodeOptions
}

/** A classifier: it learns from images with labels, and predicts logits and the likeliest class. */
export type Classifier<F extends string = 'image'> = ClassifyOptions<F> & { readonly kind: 'classify' } & Model<{
    readonly metrics: { readonly loss: number; readonly accuracy: number }
    readonly fields: F | 'label'
    readonly predictFields: F
    readonly outputs: 'estimate' | 'logits'
  }>

/**
 * A model over the fields `image` (or `x`, or another `field`) and `label` (class numbers, or one-hot f32), for `fit`
 * and as a stage of an experiment. Its states are `encoder.0.weight`, …, named as the autoencoder's so that its weights
 * carry over, and `head.0.weight`, …, of which the last layer gives the logits.
 *
 * Results: `loss` (cross-entropy) and `accuracy`. Predictions: `estimate` [batch], the class of the largest logit, and
 * `logits` [batch, classes].
 *
 * @throws UserError for widths that are not whole numbers, or an unknown mode; with the data, where there is no encoder
 */
export function classify<F extends string = 'image'>(options: ClassifyOptions<F>): Classifier<F>
export function classify(options: ClassifyOptions): Classifier<string> {
  const { hidden, autoencoder, weight = 'heNormal' } = options
  const { encoder: mode = autoencoder ? 'fineTuned' : 'none' } = options
  if (options.input !== undefined) checkWidth('input', options.input)
  if (options.classes !== undefined) checkWidth('classes', options.classes)
  if (hidden.length > 0) checkWidths('hidden', hidden)
  checkMode(mode, autoencoder)
  return readyModel({ ...options, kind: 'classify' as const }, (data) => {
    if (mode !== 'none' && autoencoder === undefined) {
      throw new UserError(
        `encoder '${mode}' needs an autoencoder: an autoencode stage before it, or the option autoencoder`,
      )
    }
    const network: Omit<AutoencodeOptions, 'decoder'> = autoencoder ?? { ...options, encoder: [] }
    const { encoder, activation = 'relu', codeActivation = 'relu' } = network
    const field = options.field ?? (!data.fields.image && data.fields.x ? 'x' : 'image')
    const scale = scaleOf(data, network.scale, field)
    const { standardize: isStandardized = field === 'x' && mode === 'none' && network.scale === undefined } = options
    if (isStandardized && (mode !== 'none' || network.scale !== undefined)) {
      throw new UserError('standardize goes with neither an encoder nor a scale')
    }
    const isTable = field === 'x' && mode === 'none'
    if (!isTable && field === 'x' && (data.categories || typeof data.missing === 'string')) {
      throw new UserError('an encoder takes neither categories nor missing values: leave it, or those columns, out')
    }
    const table = isTable ? prepareTable(data, { standardize: isStandardized }) : undefined
    const scaler = isStandardized && !isTable ? standardize(statisticsFor(data, field)) : undefined
    const prepared = (values: Tensor) => scaled((table ?? scaler)?.apply(values) ?? values, isStandardized ? 1 : scale)
    const input = network.input ?? table?.width ?? inputOf(data, undefined, field)
    const classes = classesOf(data, options.classes)
    const stack = (widths: readonly number[], lastActivation: ActivationName) =>
      denseStack({ widths, activation, lastActivation, weight })
    const pixelsToCode = stack([input, ...encoder], codeActivation)
    return defineModel({
      params: {
        encoder: mode === 'frozen' ? frozen(pixelsToCode) : pixelsToCode,
        // The names of states, and so the hashes of weights, keep the word.
        head: stack([encoder.at(-1) ?? input, ...hidden, classes], 'linear'),
      },
      step(bound, batch: Batch<string>) {
        const label = tensorOf(batch, 'label')
        const logits = bound.head(bound.encoder(prepared(tensorOf(batch, field))))
        return { loss: crossEntropy(logits, label), accuracy: accuracy(logits, label) }
      },
      predict(bound, batch: Batch<string>) {
        const logits = bound.head(bound.encoder(prepared(tensorOf(batch, field))))
        return { estimate: argMax(logits), logits }
      },
    })
  })
}

/** A classifier without an encoder: see `classify`; its states are `head.0.weight`, `head.0.bias`, …. */
export function mlp<F extends string = 'image'>(options: MlpOptions<F>): Classifier<F> {
  return classify<F>(options)
}

function checkMode(mode: EncoderMode, autoencoder: AutoencodeOptions | undefined): void {
  const known: readonly string[] = ['none', 'fineTuned', 'frozen']
  if (!known.includes(mode)) {
    throw new UserError(`encoder must be 'none', 'fineTuned' or 'frozen', not '${mode}'`)
  }
  if (mode === 'none' && autoencoder !== undefined) {
    throw new UserError("encoder 'none' goes with no autoencoder")
  }
}
