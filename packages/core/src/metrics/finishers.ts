/**
 * Gradpool's own functions from gathered results to a metric, by name: so a saved model can carry a metric as data. All
 * are float64. What each gets is said by the metric that names it, in the models package.
 */
import { adjustedRandIndex, clusterAccuracy, normalizedMutualInformation } from './confusion.js'
import type { MetricValue, NamedFinish } from './metric.js'

type Parts = Readonly<Record<string, ArrayLike<number>>>
type Part = Parts[string] | undefined

const ECE_BINS = 15

const table = {
  /** 1 - √(mean squared error) / mean of the target. */
  reconstructionAccuracy: ({ squaredError, target }: Parts) => 1 - Math.sqrt(first(squaredError)) / first(target),

  /** Of means over all examples, that over those that count. */
  shareOfCounted: ({ correct, counted }: Parts) => first(correct) / first(counted),

  rootMean: ({ value }: Parts) => Math.sqrt(first(value)),

  counts,

  normalizedMutualInformation: (parts: Parts, n: number) => normalizedMutualInformation(counts(parts, n)),

  adjustedRandIndex: (parts: Parts, n: number) => adjustedRandIndex(counts(parts, n)),

  clusterAccuracy: (parts: Parts, n: number) => clusterAccuracy(counts(parts, n)),

  precision: (parts: Parts) => macro(parts, ({ hits, predicted }) => ratio(hits, predicted)),

  recall: (parts: Parts) => macro(parts, ({ hits, actual }) => ratio(hits, actual)),

  f1: (parts: Parts) => macro(parts, ({ hits, predicted, actual }) => ratio(2 * hits, predicted + actual)),

  /** The mean recall of the classes that examples belong to. */
  balancedAccuracy({ hits, actual }: Parts) {
    const there = Array.from({ length: sizeOf(actual) }, (_, c) => c).filter((c) => at(actual, c) > 0)
    return total(there, (c) => at(hits, c) / at(actual, c)) / there.length
  },

  /** 1 - Σ(target - output)² / Σ(target - mean)², averaged over the outputs. */
  r2: ({ output, target }: Parts, numExamples: number) =>
    overColumns(target, numExamples, (indices) => {
      const mean = total(indices, (i) => at(target, i)) / indices.length
      const residual = total(indices, (i) => (at(target, i) - at(output, i)) ** 2)
      const spread = total(indices, (i) => (at(target, i) - mean) ** 2)
      if (spread === 0) return residual === 0 ? 1 : 0
      return 1 - residual / spread
    }),

  medianAbsoluteError: ({ output, target }: Parts, numExamples: number) =>
    overColumns(target, numExamples, (indices) => {
      const errors = indices.map((i) => Math.abs(at(target, i) - at(output, i)))
      errors.sort((a, b) => a - b)
      const middle = errors.length >> 1
      const upper = errors[middle] ?? NaN
      return errors.length % 2 === 1 ? upper : (upper + (errors[middle - 1] ?? NaN)) / 2
    }),

  /** The share of pairs of a positive and a negative example that the score orders; pairs of one score count half. */
  auc({ score, label, counted }: Parts) {
    const order = countedIndices(score, counted)
    order.sort((a, b) => at(score, a) - at(score, b))
    let [positives, rankSum, from] = [0, 0, 0]
    order.forEach((example, place) => {
      if (at(score, order[place + 1] ?? NaN) === at(score, example)) return
      // Equal scores share the mean of their ranks, from + 1 to to.
      const to = place + 1
      const tied = total(order.slice(from, to), (i) => (at(label, i) > 0 ? 1 : 0))
      positives += tied
      rankSum += (tied * (from + 1 + to)) / 2
      from = to
    })
    const negatives = order.length - positives
    return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives)
  },

  /** Σ over bins of confidence of |Σ confidence - Σ correct| / examples. */
  calibrationError({ confidence, correct, counted }: Parts) {
    const gaps = new Float64Array(ECE_BINS)
    const indices = countedIndices(confidence, counted)
    for (const i of indices) {
      const bin = Math.min(Math.max(Math.ceil(at(confidence, i) * ECE_BINS) - 1, 0), ECE_BINS - 1)
      gaps[bin] = at(gaps, bin) + at(confidence, i) - at(correct, i)
    }
    return gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / indices.length
  },
} satisfies Record<string, (parts: Parts, numExamples: number) => MetricValue>

export type FinisherName = keyof typeof table

/** By name, of any origin. */
export const finishers: Readonly<Partial<Record<string, (parts: Parts, numExamples: number) => MetricValue>>> =
  Object.assign(Object.create(null) as object, table)

/** The function of this name, for a metric's `finish`. */
export function finisher<Name extends FinisherName>(name: Name): NamedFinish<ReturnType<(typeof table)[Name]>> {
  return { name }
}

/** Shares of the examples, `[classes, classes]`, as counts. */
function counts({ share }: Parts, numExamples: number): number[][] {
  const classes = Array.from({ length: Math.sqrt(sizeOf(share)) }, (_, c) => c)
  return classes.map((row) =>
    classes.map((column) => Math.round(at(share, row * classes.length + column) * numExamples)),
  )
}

/**
 * Of `hits`, `predicted` and `actual` [classes], the mean over the classes that there are. One class alone counts even
 * without examples.
 */
function macro(
  { hits, predicted, actual }: Parts,
  score: (of: { hits: number; predicted: number; actual: number }) => number,
): number {
  const all = Array.from({ length: sizeOf(hits) }, (_, c) => ({
    hits: at(hits, c),
    predicted: at(predicted, c),
    actual: at(actual, c),
  }))
  const seen = all.length === 1 ? all : all.filter((of) => of.predicted > 0 || of.actual > 0)
  return seen.reduce((sum, of) => sum + score(of), 0) / seen.length
}

/** The examples that count: all where nothing is said of them, and `at` is NaN. */
function countedIndices(values: Part, counted: Part): number[] {
  return Array.from({ length: sizeOf(values) }, (_, i) => i).filter((i) => at(counted, i) !== 0)
}

/** 0 where there is nothing. */
function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole
}

/** The mean over the columns of [rows, columns] of a function of each one's indices. */
function overColumns(values: Part, rows: number, of: (indices: readonly number[]) => number): number {
  const columns = sizeOf(values) / rows
  let sum = 0
  for (let column = 0; column < columns; column++) {
    sum += of(Array.from({ length: rows }, (_, row) => row * columns + column))
  }
  return sum / columns
}

function total(indices: readonly number[], of: (index: number) => number): number {
  return indices.reduce((sum, index) => sum + of(index), 0)
}

function sizeOf(values: Part): number {
  return values?.length ?? 0
}

function first(values: Part): number {
  return at(values, 0)
}

function at(values: Part, index: number): number {
  return values?.[index] ?? NaN
}
