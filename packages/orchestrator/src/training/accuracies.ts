/** The accuracies of a stage's spans, as rows and results have them. */
import { finishMetrics, type BatchProgram, type ChunkResult } from '@gradpool/core'

export class Accuracies {
  readonly #onWarning: (message: string) => void
  /** Metrics that a warning has told of. */
  readonly #told = new Set<string>()

  /** @param onWarning Told in one sentence, once for each metric, of one that is not finite. */
  constructor(onWarning: (message: string) => void) {
    this.#onWarning = onWarning
  }

  /** Null where there is none, and where it is not finite. */
  of(
    span: ChunkResult | undefined,
    program: BatchProgram | undefined,
    metric: string,
    epoch: number,
  ): number | null {
    if (span === undefined || program === undefined) return null
    const { accuracy } = finishMetrics(program.metrics, span, program.numExamples)
    if (typeof accuracy !== 'number') return null
    if (Number.isFinite(accuracy)) return rounded(accuracy)
    if (!this.#told.has(metric)) {
      this.#told.add(metric)
      this.#onWarning(`the ${metric} is not a finite number in epoch ${epoch}, so it is left out`)
    }
    return null
  }
}

/** Digits beyond those of f32 are left off. */
export function rounded(mean: number): number {
  return Number(mean.toPrecision(7))
}

export function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null
}
