/**
 * Clusters of what has no labels: k-means, by itself or on the codes of an autoencoder, and deep embedded clustering.
 */
import {
  argMax,
  type Batch,
  concat,
  defineModel,
  frozen,
  layer,
  log,
  max,
  mean,
  type Model,
  type Module,
  neg,
  parameter,
  sigmoid,
  slice,
  type Tensor,
  UserError,
  withDirection,
  zeros,
} from '@gradpool/core'
import type { ModelData } from '@gradpool/core/engine'
import { type Augmentation, checkAugmentations } from '../augmentation/augment.js'
import { type KMeans, kMeans, type KMeansOptions, squaredDistances } from '../layers/k-means.js'
import { clusterTarget, softClusters } from '../layers/soft-clusters.js'
import { klDivergence } from '../losses/kl-divergence.js'
import { meanSquaredError } from '../losses/mean-squared-error.js'
import { adjustedRandIndex, clusterAccuracy, normalizedMutualInformation } from '../metrics/clustering.js'
import { prepareTable } from '../preparation/prepare-table.js'
import { checkWidth, checkWidths } from '../widths.js'
import type { AutoencodeOptions, NetworkOptions } from './autoencode.js'
import type { EncoderMode } from './classify.js'
import { denseStack } from './dense-stack.js'
import { type HashOptions, networkOf } from './hash.js'
import { augmentFor, scaled } from './input.js'
import { inputOf, readyModel, scaleOf, tensorOf } from './ready-model.js'

export interface ClusterOptions<F extends string = string> extends NetworkOptions, KMeansOptions {
  /** How many. */
  readonly clusters: number
  /** What is clustered. Default: `image`, or `x` where the data have no `image`, as tables have not. */
  readonly field?: F
  /**
   * Whether numbers of `x` are scaled to mean 0 and deviation 1, as the training rows have them, within the model.
   * Default: where no `scale` is given.
   */
  readonly standardize?: boolean
  /**
   * Widths of an encoder, the last that of its codes, that learns in the same training to give its input back; the
   * codes are what is clustered. Default: none, the numbers are clustered as they are.
   */
  readonly hidden?: readonly number[]
  /**
   * `frozen`: the codes of an autoencoder are clustered; `fineTuned`: encoder and centres learn to tell clusters apart,
   * from those that k-means has found. Of the autoencode or hash stage before this one, or of `autoencoder` or
   * `hasher`. Default: none.
   */
  readonly encoder?: EncoderMode
  /** Whose encoder it is, where no stage says so; its weights come by `initFrom`. */
  readonly autoencoder?: AutoencodeOptions
  /** The same of codes of bits. */
  readonly hasher?: HashOptions
  /**
   * Random changes of what an encoder learns from, anew in each step, as of `classify`; what its codes are drawn to is
   * that of the example as it is (Guo et al. 2018). Default: none.
   */
  readonly augment?: readonly Augmentation[]
}

/** Finds clusters, and predicts the cluster of each example. */
export type Clusterer<F extends string = 'image'> = ClusterOptions<F> & { readonly kind: 'cluster' } & Model<{
    readonly metrics: { readonly loss: number } & Readonly<Partial<Record<'accuracy' | 'nmi' | 'ari', number>>>
    readonly fields: F
    readonly predictFields: F
    readonly outputs: 'estimate' | 'distances'
  }>

/**
 * A model over the field `image` (or `x`, or another `field`), for `fit` and as a stage of an experiment. Its states
 * are `encoder.0.weight`, …, named as the autoencoder's so that its weights carry over, and `clusters.centers`, with
 * what else k-means keeps (see `kMeans`).
 *
 * By itself it is k-means: no gradient, whatever the optimizer. With `hidden`, an autoencoder learns, and k-means
 * follows its codes. `encoder: 'frozen'` is k-means on codes that stay. `encoder: 'fineTuned'` is deep embedded
 * clustering (Xie, Girshick & Farhadi 2016), whose target is that of each batch.
 *
 * Results: `loss`, the mean squared distance to the nearest centre; with `hidden` the error of the reconstruction, and
 * of deep clustering the divergence from its target. Where the data have a `label`: `accuracy` (see `clusterAccuracy`),
 * `nmi` and `ari`. Predictions: `estimate` [batch], the number of the cluster, and `distances` [batch, clusters],
 * squared.
 *
 * @throws UserError for widths that are not whole numbers, or options that do not go together
 */
export function cluster<F extends string = 'image'>(options: ClusterOptions<F>): Clusterer<F>
export function cluster(options: ClusterOptions): Clusterer<string> {
  const { clusters, hidden = [], autoencoder, hasher } = options
  const { encoder: mode = autoencoder || hasher ? 'fineTuned' : 'none' } = options
  checkWidth('clusters', clusters)
  checkAugmentations(options.augment ?? [], 'augment')
  if (options.input !== undefined) checkWidth('input', options.input)
  if (hidden.length > 0) checkWidths('hidden', hidden)
  checkTogether(options, mode)
  return readyModel({ ...options, kind: 'cluster' as const }, (data) => {
    if (mode !== 'none' && !autoencoder && !hasher) {
      throw new UserError(
        `encoder '${mode}' needs an autoencoder: an autoencode or hash stage before it, or the option autoencoder or hasher`,
      )
    }
    const field = options.field ?? (!data.fields.image && data.fields.x ? 'x' : 'image')
    const input = inputFor(data, options, field)
    const { encoder, features, codeOf } = encoderFor(data, options, input.width)
    const decoder = denseStack({
      activation: 'relu',
      lastActivation: 'linear',
      ...options,
      widths: hidden.length > 0 ? [...hidden.toReversed(), input.width] : [],
    })
    const isDeep = mode === 'fineTuned'
    return defineModel({
      params: {
        encoder: mode === 'frozen' ? frozen(encoder) : encoder,
        decoder,
        clusters: isDeep ? centers(clusters, features) : kMeans(clusters, features, options),
      },
      step(bound, batch: Batch<string>) {
        const values = tensorOf(batch, field)
        const [example, view] = [input.prepared(values), input.varied(values)]
        // In one pass, since batch norm takes its figures once in a step.
        const isVaried = isDeep && view !== example
        const code = codeOf(bound.encoder(isVaried ? concat([view, example], 0) : view))
        const distances = bound.clusters(code)
        const [first, last] = isVaried ? halves(distances) : [distances, distances]
        const loss = () => {
          if (isDeep) return klDivergence(log(softClusters(first)), clusterTarget(softClusters(last)))
          return hidden.length > 0 ? meanSquaredError(bound.decoder(code), example) : nearest(distances)
        }
        return { loss: loss(), ...agreement(last, batch, data.classes) }
      },
      predict(bound, batch: Batch<string>) {
        const distances = bound.clusters(codeOf(bound.encoder(input.prepared(tensorOf(batch, field)))))
        return { estimate: argMax(neg(distances)), distances }
      },
    })
  })
}

/** @throws UserError for options that do not go together */
function checkTogether({ hidden = [], autoencoder, hasher }: ClusterOptions, mode: EncoderMode): void {
  if (autoencoder && hasher) throw new UserError('give an autoencoder or a hasher, not both')
  if (mode === 'none' && (autoencoder || hasher)) {
    throw new UserError(`encoder 'none' goes with no ${autoencoder ? 'autoencoder' : 'hasher'}`)
  }
  if (mode !== 'none' && hidden.length > 0) {
    throw new UserError(`encoder '${mode}' has widths of its own: give no hidden`)
  }
}

/** From rows, as a network sees them, to codes. */
function encoderFor(data: ModelData, options: ClusterOptions, input: number) {
  const { autoencoder, hasher, hidden = [] } = options
  if (hasher)
    return { encoder: networkOf(hasher, data).params.encoder, features: hasher.encoder.at(-1) ?? 1, codeOf: sigmoid }
  const own: Omit<AutoencodeOptions, 'decoder'> = { ...options, codeActivation: 'linear', encoder: hidden }
  const { encoder: widths, activation = 'relu', codeActivation = 'relu', weight = 'heNormal' } = autoencoder ?? own
  return {
    encoder: denseStack({ widths: [input, ...widths], activation, lastActivation: codeActivation, weight }),
    features: widths.at(-1) ?? input,
    codeOf: (x: Tensor) => x,
  }
}

/** Rows as a network sees them, also with random changes, and how wide they are. */
function inputFor(data: ModelData, options: ClusterOptions, field: string) {
  const { autoencoder, hasher, standardize = true } = options
  const { scale: given, input }: NetworkOptions = autoencoder ?? hasher ?? options
  const table = field === 'x' && given === undefined ? prepareTable(data, { standardize }) : undefined
  const scale = table ? 1 : scaleOf(data, given, field)
  const augmented = augmentFor(options.augment, data, field)
  return {
    width: input ?? table?.width ?? inputOf(data, undefined, field),
    prepared: (values: Tensor) => scaled(table ? table.apply(values) : values, scale),
    varied: (values: Tensor) => scaled(augmented(values, table), scale),
  }
}

/** Centres that learn by their gradient, of the same name as those of k-means. */
function centers(clusters: number, features: number): Module<KMeans> {
  return layer(
    { centers: parameter([clusters, features], zeros) },
    (own) => (x: Tensor) => squaredDistances(x, own.centers),
  )
}

/** [2 * batch, clusters] as two of [batch, clusters]. */
function halves(x: Tensor): readonly [Tensor, Tensor] {
  const [rows = 2, width = 1] = x.shape
  return [slice(x, [0, 0], [rows / 2, width]), slice(x, [rows / 2, 0], [rows / 2, width])]
}

/** The mean distance to the nearest centre. */
function nearest(distances: Tensor): Tensor {
  return withDirection(neg(mean(max(neg(distances), -1))), 'min')
}

/** With labels, where there are any. */
function agreement(distances: Tensor, batch: Batch<string>, classes: number | undefined) {
  if (!('label' in batch)) return {}
  const label = tensorOf(batch, 'label')
  const options = { ...(classes !== undefined && label.rank === 1 && { classes }) }
  const nearness = neg(distances)
  return {
    accuracy: clusterAccuracy(nearness, label, options),
    nmi: normalizedMutualInformation(nearness, label, options),
    ari: adjustedRandIndex(nearness, label, options),
  }
}
