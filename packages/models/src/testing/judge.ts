/** A pass over examples by the reference evaluator, as an engine makes it, for metrics. */
import {
  type Batch,
  defineModel,
  type Metric,
  type MetricValue,
  type Shape,
  type DType,
  type Tensor,
  constant,
} from '@gradpool/core'
import { evaluate, evaluation, finishMetrics } from '@gradpool/core/engine'

export interface ExampleField {
  readonly values: readonly number[]
  readonly shape: Shape
  readonly dtype?: DType
}

/** The value of a metric of these fields, over batches of this size. */
export function judge<Name extends string>(
  fields: Readonly<Record<Name, ExampleField>>,
  batchSize: number,
  metric: (batch: Batch<Name>) => Tensor | Metric,
): MetricValue | undefined {
  const sizes = Object.entries<ExampleField>(fields).map(
    ([name, { values, shape }]) => [name, values, shape.reduce((a, b) => a * b, 1)] as const,
  )
  const [[, values, size] = ['', [], 1]] = sizes
  const numExamples = values.length / size
  const model = defineModel({
    params: {},
    step: (_, batch: Batch<Name>) => ({
      loss: constant(0),
      metric: metric(batch),
    }),
  })
  const data = {
    fields: Object.fromEntries(
      Object.entries<ExampleField>(fields).map(([name, { shape, dtype = 'f32' }]) => [name, { shape, dtype }]),
    ),
    numExamples,
  }
  const { program, tail, metrics, batchSize: rows } = evaluation(model, { batchSize, data })
  const means: Record<string, Float64Array> = {}
  const gathered: Record<string, number[]> = {}
  for (let start = 0; start < numExamples; start += rows) {
    const length = Math.min(rows, numExamples - start)
    const step = length === rows ? program : (tail ?? program)
    const batch = Object.fromEntries(
      sizes.map(([name, all, each]) => [name, all.slice(start * each, (start + length) * each)]),
    )
    const { results } = evaluate(step, { batch })
    for (const { name, rows: whole = false } of step.results) {
      const value = results[name] ?? new Float64Array()
      if (whole) (gathered[name] ??= []).push(...value)
      else {
        const mean = (means[name] ??= new Float64Array(value.length))
        // Results of an engine are f32.
        value.forEach((x, i) => (mean[i] = (mean[i] ?? 0) + (Math.fround(x) * length) / numExamples))
      }
    }
  }
  const collected = Object.fromEntries(Object.entries(gathered).map(([name, all]) => [name, Float32Array.from(all)]))
  return finishMetrics(metrics, { means, rows: collected }, numExamples).metric
}
