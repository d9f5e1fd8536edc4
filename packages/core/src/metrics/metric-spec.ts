/**
 * Metrics between a step and what people read: which results of a Program a metric is made of, and its value once a
 * pass over the examples has ended.
 */
import { isRecord } from '../checks.js'
import { Tensor } from '../tracing/tensor.js'
import { shapeError, userError, type Trace } from '../tracing/trace.js'
import { finishers } from './finishers.js'
import {
  checkMetricName,
  directionOf,
  type Direction,
  type FinishMeans,
  type FinishRows,
  type Metric,
  type MetricValue,
} from './metric.js'

/**
 * How a metric comes from results of its Program. Plain JSON, but for functions of the user's own; a spec that has lost
 * its function is left out by `finishMetrics`.
 */
export type MetricSpec = {
  readonly name: string
  /** Names of results, by the names that `finish` gives them. */
  readonly results: Readonly<Record<string, string>>
  readonly direction?: Direction
} & (
  | { readonly kind: 'mean' }
  | { readonly kind: 'means'; readonly finish?: string | FinishMeans<MetricValue> }
  | { readonly kind: 'rows'; readonly finish?: string | FinishRows<MetricValue> }
)

/** What a pass over the examples has gathered, by result. */
export interface GatheredResults {
  readonly means: Readonly<Record<string, ArrayLike<number>>>
  readonly rows?: Readonly<Record<string, Float32Array>>
}

/**
 * Names a step's results in its Program: `loss`, `accuracy`, and `r2/target` for a part of a metric.
 *
 * @throws UserError for a metric of a name or a shape that it cannot have
 */
export function traceMetrics(
  trace: Trace,
  results: Readonly<Record<string, Tensor | Metric>>,
  batchSize: number,
): MetricSpec[] {
  return Object.entries(results).map(([name, metric]) => {
    checkMetricName(name)
    if (metric instanceof Tensor) {
      checkScalar(`metric "${name}"`, metric)
      trace.result(name, metric)
      const direction = name === 'loss' ? 'min' : directionOf(metric)
      return { name, kind: 'mean', results: { value: name }, ...(direction && { direction }) }
    }
    const { finish, direction } = checkedMetric(name, metric)
    const rows = 'rows' in metric
    const parts = Object.entries(rows ? metric.rows : metric.means)
    for (const [key, part] of parts) {
      const what = `"${key}" of metric "${name}"`
      if (rows) checkRows(what, part, batchSize)
      else if (typeof finish === 'function') checkScalar(what, part)
      trace.result(`${name}/${key}`, part, rows ? { rows: true } : {})
    }
    // Each finish is of its kind, which the compiler has lost sight of.
    return {
      name,
      kind: rows ? 'rows' : 'means',
      results: Object.fromEntries(parts.map(([key]) => [key, `${name}/${key}`])),
      finish: typeof finish === 'function' ? finish : finish.name,
      ...(direction && { direction }),
    } as MetricSpec
  })
}

/** A step without types may return anything. */
function checkedMetric(name: string, metric: unknown): Metric {
  const found = typeof metric === 'object' && metric !== null ? 'another object' : String(metric)
  if (isRecord(metric) && 'finish' in metric && ('rows' in metric || 'means' in metric)) {
    return metric as unknown as Metric
  }
  throw userError(`metric "${name}" must be a tensor, fromMeans({ … }) or perRow({ … }), not ${found}`)
}

function checkScalar(what: string, tensor: Tensor): void {
  if (tensor.rank === 0) return
  throw shapeError(`${what} must be one number, not ${tensor.toString()}; take its mean, or use perRow`)
}

function checkRows(what: string, tensor: Tensor, batchSize: number): void {
  if (tensor.shape[0] === batchSize) return
  throw shapeError(`${what} is ${tensor.toString()}: its first axis must be the batch, ${batchSize}`)
}

/**
 * The values of metrics, in float64; metrics whose function or results are not there are left out.
 *
 * @param numExamples of the pass
 */
export function finishMetrics(
  specs: readonly MetricSpec[],
  gathered: GatheredResults,
  numExamples: number,
): Record<string, MetricValue> {
  return Object.fromEntries(
    specs.flatMap((spec) => {
      const value = valueOf(spec, gathered, numExamples)
      return value === undefined ? [] : [[spec.name, value]]
    }),
  )
}

function valueOf(
  spec: MetricSpec,
  { means, rows = {} }: GatheredResults,
  numExamples: number,
): MetricValue | undefined {
  if (spec.kind === 'rows') {
    const parts = partsOf(spec, rows)
    const finish = typeof spec.finish === 'string' ? finishers[spec.finish] : spec.finish
    return parts && finish?.(parts, numExamples)
  }
  const parts = partsOf(spec, means)
  if (parts === undefined) return undefined
  if (spec.kind === 'mean') return parts.value?.[0]
  if (typeof spec.finish === 'string') return finishers[spec.finish]?.(parts, numExamples)
  const scalars = Object.entries(parts).map(([key, part]) => [key, part[0] ?? NaN] as const)
  return spec.finish?.(Object.fromEntries(scalars), numExamples)
}

/** What a metric is made of, by the names that `finish` gives it; undefined where some of it is not there. */
function partsOf<Part>(spec: MetricSpec, gathered: Readonly<Record<string, Part>>): Record<string, Part> | undefined {
  const parts: Record<string, Part> = {}
  for (const [key, result] of Object.entries(spec.results)) {
    const part = gathered[result]
    if (part === undefined) return undefined
    parts[key] = part
  }
  return parts
}
