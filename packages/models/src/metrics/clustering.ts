/** How well clusters agree with classes, whatever their numbers. */
import { argMax, type Metric, type Tensor, UserError } from '@gradpool/core'
import * as engine from '@gradpool/core/engine'
import { countedRows, type LabelOptions } from '../shapes.js'
import { confusion } from './confusion-matrix.js'

export interface ClusteringOptions extends LabelOptions {
  /** How many classes there are, where labels are class numbers. Default: as many as clusters. */
  readonly classes?: number
}

type Name = 'normalizedMutualInformation' | 'adjustedRandIndex' | 'clusterAccuracy'

/**
 * The mutual information of clusters and labels over the mean of their entropies: from 0 to 1, the larger the better; 1
 * where all examples are of one class and one cluster. Source: Strehl & Ghosh (2002); as
 * sklearn.metrics.normalized_mutual_info_score; NaN, and not 1, where there are no examples.
 *
 * @param clusters [batch, clusters]: the largest tells the cluster of an example
 * @param labels class numbers, u8 or i32 [batch], or one-hot f32 [batch, classes]
 * @param options examples of `ignoreLabel`, or of a label that is none of the classes, do not count
 * @throws UserError where the shapes do not fit
 */
export function normalizedMutualInformation(
  clusters: Tensor,
  labels: Tensor,
  options: ClusteringOptions = {},
): Metric<number> {
  return agreement('normalizedMutualInformation', clusters, labels, options)
}

/**
 * The share of pairs of examples that clusters and labels agree on, scaled so that chance gives 0 and agreement 1; the
 * larger the better. Source: Hubert & Arabie (1985); as sklearn.metrics.adjusted_rand_score; otherwise as
 * `normalizedMutualInformation`.
 */
export function adjustedRandIndex(clusters: Tensor, labels: Tensor, options: ClusteringOptions = {}): Metric<number> {
  return agreement('adjustedRandIndex', clusters, labels, options)
}

/**
 * The share of examples whose cluster stands for their class, each cluster for one class and each class by one, chosen
 * so that the share is largest; the larger the better. Source: Xie, Girshick & Farhadi (2016), by the Hungarian method
 * (Kuhn 1955); otherwise as `normalizedMutualInformation`.
 */
export function clusterAccuracy(clusters: Tensor, labels: Tensor, options: ClusteringOptions = {}): Metric<number> {
  return agreement('clusterAccuracy', clusters, labels, options)
}

function agreement(name: Name, clusters: Tensor, labels: Tensor, options: ClusteringOptions): Metric<number> {
  const [batch, width] = clusters.shape
  if (clusters.rank !== 2 || batch === undefined || width === undefined) {
    throw new UserError(`${name}: clusters must be [batch, clusters], not ${clusters.toString()}`)
  }
  const isOneHot = labels.rank === 2
  if (labels.shape[0] !== batch || labels.rank > 2 || isOneHot !== (labels.dtype === 'f32')) {
    throw new UserError(
      `${name}: labels must be class numbers u8[${batch}] or i32[${batch}], or f32[${batch}, classes], not ${labels.toString()}`,
    )
  }
  const { classes = labels.shape[1] ?? width } = options
  if (!Number.isInteger(classes) || classes < 1) {
    throw new UserError(`${name}: classes must be a whole number of at least 1, not ${String(classes)}`)
  }
  // Square, so that what finishes it knows where a row ends; classes or clusters that are not there count nothing.
  const size = Math.max(classes, width)
  const counted = countedRows(name, labels, options)
  const share = confusion(isOneHot ? argMax(labels) : labels, argMax(clusters), { size, counted })
  return { means: { share }, finish: engine.finisher(name), direction: 'max' }
}

/** How well clusters agree with classes. */
export interface ClusteringScores {
  /** As `clusterAccuracy`. */
  readonly accuracy: number
  /** As `normalizedMutualInformation`. */
  readonly nmi: number
  /** As `adjustedRandIndex`. */
  readonly ari: number
}

/**
 * The same of two lists, one number an example each, whatever numbers they are.
 *
 * @throws UserError where the lists are not as long as each other
 */
export function clusteringScores(labels: ArrayLike<number>, clusters: ArrayLike<number>): ClusteringScores {
  if (labels.length !== clusters.length) {
    throw new UserError(
      `clusteringScores: there are ${labels.length} labels, and clusters of ${clusters.length} examples`,
    )
  }
  const [rows, columns] = [places(labels), places(clusters)]
  const counts = Array.from({ length: rows.size }, () => new Array<number>(columns.size).fill(0))
  for (let i = 0; i < labels.length; i++) {
    const row = counts[rows.get(labels[i] ?? NaN) ?? NaN]
    const column = columns.get(clusters[i] ?? NaN) ?? NaN
    if (row !== undefined) row[column] = (row[column] ?? 0) + 1
  }
  return {
    accuracy: engine.clusterAccuracy(counts),
    nmi: engine.normalizedMutualInformation(counts),
    ari: engine.adjustedRandIndex(counts),
  }
}

/** Each number that there is, with its place among them. */
function places(numbers: ArrayLike<number>): Map<number, number> {
  return new Map([...new Set(Array.from(numbers))].map((number, place) => [number, place]))
}
