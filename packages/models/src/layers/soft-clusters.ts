/** How much rows are of clusters, and what makes that clearer. Source: Xie, Girshick & Farhadi (2016). */
import { add, div, maximum, square, stopGradient, sum, type Tensor } from '@gradpool/core'

/**
 * How much each row is of each cluster, by Student's t-distribution with one degree of freedom: 1 / (1 + d²), scaled so
 * that a row's sum is 1.
 *
 * @param distances squared, [batch, clusters], such as `kMeans` gives
 */
export function softClusters(distances: Tensor): Tensor {
  const kernel = div(1, add(distances, 1))
  return div(kernel, sum(kernel, -1, { keepDims: true }))
}

/**
 * What soft clusters q are drawn to: q² / (sum of q over the batch), scaled so that a row's sum is 1. It is surer than
 * q of what q is sure of, and evens out the sizes of clusters. No gradient passes through it.
 *
 * @param soft [batch, clusters], such as `softClusters` gives
 */
export function clusterTarget(soft: Tensor): Tensor {
  const q = stopGradient(soft)
  const raised = div(square(q), maximum(sum(q, 0, { keepDims: true }), 1e-30))
  return div(raised, sum(raised, -1, { keepDims: true }))
}
