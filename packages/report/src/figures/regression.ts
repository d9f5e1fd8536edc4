/** Figures of a regression: estimates beside truths, and how far off they are. */
import type { Examples } from './examples.js'
import type { RegressionFigures } from './stage-figures.js'

const MOST_POINTS = 500
const NUM_BINS = 24

/** Of all numbers of the target together. Undefined where the model estimates another target, or none. */
export function regressionFigures({ field, predicted, target }: Examples): RegressionFigures | undefined {
  const truths = field('y')
  const estimates = predicted.get('estimate')
  if (truths === undefined || estimates?.size !== truths.size) return undefined
  const { size: width } = truths
  const quantiles = predicted.get('quantiles')
  const numQuantiles = (quantiles?.size ?? 0) / width
  /** They are [examples, quantiles, numbers of the target]. */
  const quantileAt = (at: number, quantile: number) =>
    quantiles?.values[Math.floor(at / width) * quantiles.size + quantile * width + (at % width)] ?? NaN
  const all = Array.from(truths.values, (truth, at) => ({
    truth,
    estimate: estimates.values[at] ?? NaN,
    ...(numQuantiles > 1 && { low: quantileAt(at, 0), high: quantileAt(at, numQuantiles - 1) }),
  })).filter(({ truth, estimate }) => Number.isFinite(truth) && Number.isFinite(estimate))
  if (all.length === 0) return undefined
  const inside = all.filter(({ truth, low = NaN, high = NaN }) => low <= truth && truth <= high).length
  return {
    target: target ?? 'y',
    numExamples: all.length,
    points: all.slice(0, MOST_POINTS),
    residuals: histogram(all.map(({ truth, estimate }) => truth - estimate)),
    coverage: numQuantiles > 1 ? inside / all.length : null,
  }
}

/** Bins of equal width from the least to the most. */
function histogram(values: readonly number[]): RegressionFigures['residuals'] {
  const least = values.reduce((low, value) => Math.min(low, value), Infinity)
  const most = values.reduce((high, value) => Math.max(high, value), -Infinity)
  const width = (most - least) / NUM_BINS || 1
  const counts = new Array<number>(NUM_BINS).fill(0)
  for (const value of values) {
    const bin = Math.min(NUM_BINS - 1, Math.floor((value - least) / width))
    counts[bin] = (counts[bin] ?? 0) + 1
  }
  return { edges: Array.from({ length: NUM_BINS + 1 }, (_, at) => least + at * width), counts }
}
