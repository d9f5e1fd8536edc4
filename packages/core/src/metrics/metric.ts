/**
 * Metrics of a step, of three kinds, each right whatever the batches are:
 *
 * - a scalar tensor: its mean over the examples, a shorter last batch counting by its rows;
 * - `ofMeans`: a function of such means, as 1 - √(mean squared error) / mean;
 * - `perRow`: a function of the values of all examples, as a median.
 *
 * Functions are evaluated in float64, once a pass over the examples.
 */
import type { Tensor } from '../tracing/tensor.js'

/** A number, or a matrix. */
export type MetricValue = number | readonly (readonly number[])[]

/** Whether the smaller or the larger is the better. */
export type Direction = 'min' | 'max'

/** The gathered values of each part of a metric, row-major. */
export type Gathered<Key extends string = string> = Readonly<Record<Key, ArrayLike<number>>>

/** Makes the value of a metric of its gathered parts. */
export type Finish<V extends MetricValue = MetricValue, Key extends string = string> = (
  parts: Gathered<Key>,
  numExamples: number,
) => V

/** A metric that is more than the mean of a scalar. */
export interface Metric<out V extends MetricValue = MetricValue> {
  readonly kind: 'means' | 'rows'
  /** Tensors by name: of any shape that does not depend on the batch (`means`), or `[batch, ...]` (`rows`). */
  readonly parts: Readonly<Record<string, Tensor>>
  /** A function, or the name of one of Gradpool's. */
  readonly finish: Finish<V> | string
  readonly direction?: Direction
}
