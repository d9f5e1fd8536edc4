/** A classifier of dense layers, by itself or on the encoder of an autoencoder. */
import { argMax, type Batch, frozen, defineModel, isTraining, type Model, type Tensor, UserError } from '@gradpool/core'
import { type Augmentation } from '../augmentation/augment.js'
import { checkChanges, type Mixing } from '../augmentation/mix.js'
import type { ActivationName } from '../layers/activation.js'
import { checkClassWeights, classWeights } from '../losses/class-weights.js'
import { crossEntropy } from '../losses/cross-entropy.js'
import { accuracy } from '../metrics/accuracy.js'
import { prepareTable } from '../preparation/prepare-table.js'
import { standardize } from '../preparation/standardize.js'
import { checkWidth, checkWidths } from '../widths.js'
import type { AutoencodeOptions, NetworkOptions } from './autoencode.js'
import { denseStack } from './dense-stack.js'
import { augmentFor, mixFor, scaled, withoutMixing } from './input.js'
import { classesOf, classWeightsFor, inputOf, readyModel, scaleOf, statisticsFor, tensorOf } from './ready-model.js'

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
  /**
   * Random changes of what is trained on, anew in each step: of images as they come, bytes from 0 to 255, and of `x`
   * that is standardised as that is, so that `noise` is in deviations. After all others come
   * `mixup` and `cutmix`, which mix examples of a batch and their labels. Default: none.
   */
  readonly augment?: readonly (Augmentation | Mixing)[]
  /**
   * What each class counts for in the loss that is trained: numbers, or `balanced`, rows / (classes · rows of the
   * class) of the training rows, so that rare classes count as much as others. What is judged is the plain loss.
   * Default: all rows count alike.
   */
  readonly classWeights?: 'balanced' | readonly number[]
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
  checkChanges(options.augment ?? [], 'augment')
  if (options.classWeights !== undefined && options.classWeights !== 'balanced') checkClassWeights(options.classWeights)
  return readyModel({ ...options, kind: 'classify' as const }, (data) => {
    if (mode !== 'none' && autoencoder === undefined) {
      throw new UserError(
        `encoder '${mode}' needs an autoencoder: an autoencode stage before it, or the option autoencoder`,
      )
    }
    const network: Omit<AutoencodeOptions, 'decoder' | 'augment'> = autoencoder ?? { ...options, encoder: [] }
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
    const varied = augmentFor(withoutMixing(options.augment), data, field)
    const changed = (values: Tensor) => varied(values, table ?? scaler)
    const flat = (values: Tensor) => scaled(values, isStandardized ? 1 : scale)
    const input = network.input ?? table?.width ?? inputOf(data, undefined, field)
    const classes = classesOf(data, options.classes)
    const mix = mixFor(options.augment, data, { field, classes })
    const weights = classWeightsFor(data, classes, options.classWeights)
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
        const { input, target } = mix(changed(tensorOf(batch, field)), tensorOf(batch, 'label'))
        const logits = bound.head(bound.encoder(flat(input)))
        const counted = weights && isTraining() ? { weights: classWeights(target, weights) } : {}
        return { loss: crossEntropy(logits, target, counted), accuracy: accuracy(logits, target) }
      },
      predict(bound, batch: Batch<string>) {
        const logits = bound.head(bound.encoder(flat(changed(tensorOf(batch, field)))))
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
