/** The metrics of a pass, from what the engine gives of it. */
import { sizeOf, type BatchProgram, type SpanResult } from '@gradpool/core'
import { numbersOf, type Metrics } from './epoch-row.js'

/** Every scalar result of the Program is a metric of its name: the mean over the examples, with the digits of f32. */
export function metricsOf(program: BatchProgram, { means }: SpanResult): Metrics {
  const metrics = scalarMetrics(program).map((name) => [name, rounded(means[name]?.[0] ?? NaN)])
  return { loss: NaN, ...(Object.fromEntries(metrics) as Record<string, number>) }
}

/** Names of metrics that are one number. */
export function scalarMetrics({ program }: BatchProgram): string[] {
  return program.results
    .filter(({ node }) => sizeOf(program.node(node).shape) === 1)
    .map(({ name }) => name)
}

function rounded(mean: number): number {
  return Number.isFinite(mean) ? Number(mean.toPrecision(7)) : mean
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
