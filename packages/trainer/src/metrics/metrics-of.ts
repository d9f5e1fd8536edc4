/** The metrics of a pass, from what the engine gives of it. */
import { type MetricValue } from '@gradpool/core'
import { finishMetrics, type BatchProgram, type ChunkResult } from '@gradpool/core/engine'
import { numbersOf, type Metrics } from './epoch-row.js'

/**
 * By the names that the model gives them.
 *
 * @param numExamples that `result` is over. Default: those of the program.
 */
export function metricsOf(program: BatchProgram, result: ChunkResult, numExamples = program.numExamples): Metrics {
  const finished = finishMetrics(program.metrics, result, numExamples)
  const metrics = Object.entries(finished).map(([name, value]) => [name, rounded(value)] as const)
  return { loss: rounded(result.means.loss?.[0] ?? NaN), ...Object.fromEntries(metrics) }
}

/** Digits beyond those of f32 are left off. */
function rounded<V extends MetricValue>(value: V): V | number {
  return typeof value === 'number' && Number.isFinite(value) && !Number.isInteger(value)
    ? Number(value.toPrecision(7))
    : value
}

/** Tells once of each metric that is not a finite number. */
export class FiniteMetrics {
  readonly #onWarning: (message: string) => void
  readonly #told = new Set<string>()

  /** @param onWarning Told in one sentence. */
  constructor(onWarning: (message: string) => void) {
    this.#onWarning = onWarning
  }

  /** @param pass `training`, `validation` or `test` */
  check(metrics: Metrics, pass: string, epoch: number): void {
    for (const [name, value] of Object.entries(metrics)) {
      const metric = `${pass} ${name}`
      if (numbersOf(value).every(Number.isFinite) || this.#told.has(metric)) continue
      this.#told.add(metric)
      this.#onWarning(`the ${metric} is not a finite number in epoch ${epoch}`)
    }
  }
}
