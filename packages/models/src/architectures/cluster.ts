/** Clusters of what has no labels: k-means, by itself or on the codes of an autoencoder, and deep embedded clustering. */
import {
  argMax,
  type Batch,
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
   * Widths of an encoder, the last that of its codes, that learns in the same training to give its input back; the codes
   * are what is clustered. Default: none, the numbers are clustered as they are.
   */
  readonly hidden?: readonly number[]
  /**
   * `frozen`: the codes of an autoencoder are clustered; `fineTuned`: encoder and centres learn to tell clusters apart,
   * from those that k-means has found. Of the autoencode stage before this one, or of `autoencoder`. Default: none.
   */
  readonly encoder?: EncoderMode
  /** Whose encoder it is, where no stage says so; its weights come by `initFrom`. */
  readonly autoencoder?: AutoencodeOptions
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
 * A model over the field `image` (or `x`, or another `field`), for `fit` and as a stage of an experiment. Its states are
 * `encoder.0.weight`, …, named as the autoencoder's so that its weights carry over, and `clusters.centers`, with what
 * else k-means keeps (see `kMeans`).
 *
 * By itself it is k-means: no gradient, whatever the optimizer. With `hidden`, an autoencoder learns, and k-means follows
 * its codes. `encoder: 'frozen'` is k-means on codes that stay. `encoder: 'fineTuned'` is deep embedded clustering (Xie,
 * Girshick & Farhadi 2016), whose target is that of each batch.
 *
 * Results: `loss`, the mean squared distance to the nearest centre; with `hidden` the error of the reconstruction, and of
 * deep clustering the divergence from its target. Where the data have a `label`: `accuracy` (see `clusterAccuracy`),
 * `nmi` and `ari`. Predictions: `estimate` [batch], the number of the cluster, and `distances` [batch, clusters],
 * squared.
 *
 * @throws UserError for widths that are not whole numbers, or options that do not go together
 */
export function cluster<F extends string = 'image'>(options: ClusterOptions<F>): Clusterer<F>
export function cluster(options: ClusterOptions): Clusterer<string> {
  const { clusters, hidden = [], autoencoder, encoder: mode = autoencoder ? 'fineTuned' : 'none' } = options
  checkWidth('clusters', clusters)
  checkAugmentations(options.augment ?? [], 'augment')
  if (options.input !== undefined) checkWidth('input', options.input)
  if (hidden.length > 0) checkWidths('hidden', hidden)
  if (mode === 'none' && autoencoder) throw new UserError("encoder 'none' goes with no autoencoder")
  if (mode !== 'none' && hidden.length > 0)
    throw new UserError(`encoder '${mode}' has widths of its own: give no hidden`)
  return readyModel({ ...options, kind: 'cluster' as const }, (data) => {
    if (mode !== 'none' && autoencoder === undefined) {
      throw new UserError(
        `encoder '${mode}' needs an autoencoder: an autoencode stage before it, or the option autoencoder`,
      )
    }
    const field = options.field ?? (!data.fields.image && data.fields.x ? 'x' : 'image')
    const { width, prepared, varied } = inputFor(data, options, field)
    const own: Omit<AutoencodeOptions, 'decoder'> = { ...options, codeActivation: 'linear', encoder: hidden }
    const { encoder: widths, activation = 'relu', codeActivation = 'relu', weight = 'heNormal' } = autoencoder ?? own
    const features = widths.at(-1) ?? width
    const encoder = denseStack({ widths: [width, ...widths], activation, lastActivation: codeActivation, weight })
    const backwards = hidden.length > 0 ? [...hidden.toReversed(), width] : []
    const isDeep = mode === 'fineTuned'
    return defineModel({
      params: {
        encoder: mode === 'frozen' ? frozen(encoder) : encoder,
        decoder: denseStack({ widths: backwards, activation, lastActivation: 'linear', weight }),
        clusters: isDeep ? centers(clusters, features) : kMeans(clusters, features, options),
      },
      step(bound, batch: Batch<string>) {
        const values = tensorOf(batch, field)
        const input = prepared(values)
        const code = bound.encoder(varied(values))
        const distances = bound.clusters(code)
        const loss = () => {
          if (isDeep) return divergence(distances, bound.clusters(bound.encoder(input)))
          return hidden.length > 0 ? meanSquaredError(bound.decoder(code), input) : nearest(distances)
        }
        return { loss: loss(), ...agreement(distances, batch, data.classes) }
      },
      predict(bound, batch: Batch<string>) {
        const distances = bound.clusters(bound.encoder(prepared(tensorOf(batch, field))))
        return { estimate: argMax(neg(distances)), distances }
      },
    })
  })
}

/** Rows as a network sees them, also with random changes, and how wide they are. */
function inputFor(data: ModelData, { autoencoder, standardize = true, ...own }: ClusterOptions, field: string) {
  const { scale: given, input } = autoencoder ?? own
  const table = field === 'x' && given === undefined ? prepareTable(data, { standardize }) : undefined
  const scale = table ? 1 : scaleOf(data, given, field)
  const augmented = augmentFor(own.augment, data, field)
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

/** How far soft clusters are from what those of the examples as they are, are drawn to. */
function divergence(distances: Tensor, ofExamples: Tensor): Tensor {
  return klDivergence(log(softClusters(distances)), clusterTarget(softClusters(ofExamples)))
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
