/**
 * Metrics of a step, of three kinds, each right whatever the batches are:
 *
 * - a scalar tensor: its mean over the examples, a shorter last batch counting by its rows;
 * - `fromMeans`: a function of such means, as 1 - √(mean squared error) / mean;
 * - `perRow`: a function of the values of all examples, as a median.
 *
 * The functions run in float64, once for each pass over the examples, and never during a step.
 */
import { beginningOf, MAX_OWN_NAME_LENGTH, nameProblem } from '../program/limits.js'
import { userError } from '../tracing/trace.js'
import type { Tensor } from '../tracing/tensor.js'

/** A number, or a matrix. */
export type MetricValue = number | readonly (readonly number[])[]

/** Whether the smaller or the larger value is the better. */
export type Direction = 'min' | 'max'

/** Makes a metric of the means of its scalars over all examples. */
export type FinishMeans<V extends MetricValue, Key extends string = string> = (
  means: Readonly<Record<Key, number>>,
  numExamples: number,
) => V

/** Makes a metric of the values of all examples, `[numExamples, ...]`, row-major. */
export type FinishRows<V extends MetricValue, Key extends string = string> = (
  rows: Readonly<Record<Key, Float32Array>>,
  numExamples: number,
) => V

/** A metric that is more than the mean of a scalar: see `fromMeans` and `perRow`. */
export type Metric<V extends MetricValue = MetricValue> = MeansMetric<V> | RowsMetric<V>

interface MeansMetric<V extends MetricValue> {
  readonly means: Readonly<Record<string, Tensor>>
  readonly finish: FinishMeans<V> | NamedFinish<V>
  readonly direction?: Direction
}

interface RowsMetric<V extends MetricValue> {
  readonly rows: Readonly<Record<string, Tensor>>
  readonly finish: FinishRows<V> | NamedFinish<V>
  readonly direction?: Direction
}

/** One of Gradpool's functions by name, which a saved model can hold; see finishers.ts. */
export interface NamedFinish<V extends MetricValue = MetricValue> {
  readonly name: string
  /** Only a type: no value is here. */
  readonly value?: V
}

/**
 * A metric made of means over the examples:
 *
 *     fromMeans({
 *       means: { error: mean(square(sub(output, target))), target: mean(target) },
 *       finish: ({ error, target }) => 1 - Math.sqrt(error) / target,
 *       direction: 'max',
 *     })
 *
 * Each is summed in float64, but is itself a float32 of its batch: take what is a small difference of large numbers
 * about a fixed shift, as `sub(year, 2000)`, or use `perRow`.
 */
export function fromMeans<const Key extends string, V extends MetricValue>(metric: {
  readonly means: Readonly<Record<Key, Tensor>>
  readonly finish: FinishMeans<V, Key>
  readonly direction?: Direction
}): Metric<V> {
  return metric
}

/**
 * A metric made of the values of all examples, each `[batch, ...]` in the step:
 *
 *     perRow({
 *       rows: { error: abs(sub(output, target)) },
 *       finish: ({ error }) => error.toSorted().at(error.length >> 1) ?? NaN,
 *       direction: 'min',
 *     })
 *
 * They are kept until the pass over the examples ends: 4 bytes an element.
 */
export function perRow<const Key extends string, V extends MetricValue>(metric: {
  readonly rows: Readonly<Record<Key, Tensor>>
  readonly finish: FinishRows<V, Key>
  readonly direction?: Direction
}): Metric<V> {
  return metric
}

const directions = new WeakMap<Tensor, Direction>()

/**
 * The same tensor, known to be the better the smaller or the larger it is: so that it can be monitored without a
 * `mode`.
 */
export function withDirection(tensor: Tensor, direction: Direction): Tensor {
  directions.set(tensor, direction)
  return tensor
}

/** @internal */
export function directionOf(tensor: Tensor): Direction | undefined {
  return directions.get(tensor)
}

/** Names in a row of the history that are not metrics. */
export const RESERVED_NAMES = ['epoch', 'seconds', 'validation', 'test'] as const

/** @throws UserError for a name that a metric cannot have */
export function checkMetricName(name: string): void {
  if ((RESERVED_NAMES as readonly string[]).includes(name)) {
    throw userError(`a metric cannot be named "${name}": rows of the history have a field of that name`)
  }
  const problem = nameProblem(name, MAX_OWN_NAME_LENGTH)
  if (problem !== undefined) throw userError(`a metric "${beginningOf(name)}" ${problem}`)
  if (!/^[^./\s]+$/.test(name)) {
    throw userError(`a metric cannot be named "${name}": names have no dots, slashes or spaces`)
  }
}
