/**
 * Figures of one query's ranking by Hamming distance.
 *
 * Codes at the same distance are tied. Each figure is its expectation over all orders of ties, all equally likely, so
 * it depends neither on the order of the collection nor on chance. Source: McSherry and Najork, "Computing information
 * retrieval performance measures efficiently in the presence of tied scores" (2008).
 */
import type { DistanceCounts } from './distance-counts.js'

/** Σ 1 / i for i from 1 to n, at each n from 0 to `most`. */
export function harmonicNumbers(most: number): Float64Array {
  const sums = new Float64Array(most + 1)
  for (let i = 1; i <= most; i++) sums[i] = (sums[i - 1] ?? 0) + 1 / i
  return sums
}

/**
 * Average precision: the sum of the precision at each relevant code among the first `cutoff`, divided by the most that
 * there could be: min(cutoff, relevant codes in all). 0 if no code is relevant.
 *
 * Of n tied codes, r of them relevant, that come after N with R, the i-th is relevant with probability r / n, and then
 * i - 1 others have (i - 1)(r - 1) / (n - 1) relevant ones among them: its precision is (R + 1 + (i - 1)(r - 1) / (n -
 * 1)) / (N + i).
 *
 * @param harmonic for at least as many as there are codes
 */
export function averagePrecision({ all, relevant }: DistanceCounts, cutoff: number, harmonic: Float64Array): number {
  let [before, relevantBefore, sum] = [0, 0, 0] // N, R
  for (const [distance, tied] of all.entries()) {
    if (before >= cutoff) break
    if (tied === 0) continue
    const relevantTied = relevant[distance] ?? 0
    const seen = Math.min(tied, cutoff - before)
    const slope = tied === 1 ? 0 : (relevantTied - 1) / (tied - 1)
    // Σ (R + 1 + (i - 1) s) / (N + i) = s · seen + (R + 1 - s (N + 1)) · Σ 1 / (N + i)
    const inverses = (harmonic[before + seen] ?? NaN) - (harmonic[before] ?? NaN)
    const precisions = slope * seen + (relevantBefore + 1 - slope * (before + 1)) * inverses
    sum += (relevantTied / tied) * precisions
    before += tied
    relevantBefore += relevantTied
  }
  const possible = Math.min(cutoff, total(relevant))
  return possible === 0 ? 0 : sum / possible
}

/**
 * The fraction of the first k codes that are relevant. In a collection of fewer than k codes, the missing ones count as
 * irrelevant.
 */
export function precisionAt({ all, relevant }: DistanceCounts, k: number): number {
  let [before, found] = [0, 0]
  for (const [distance, tied] of all.entries()) {
    if (tied === 0) continue
    const seen = Math.min(tied, k - before)
    found += ((relevant[distance] ?? 0) * seen) / tied
    before += seen
    if (before === k) break
  }
  return found / k
}

/** The number of codes within each distance, and of the relevant ones among them. */
export function within({ all, relevant }: DistanceCounts): DistanceCounts {
  return { all: runningSum(all), relevant: runningSum(relevant) }
}

function runningSum(counts: Uint32Array): Uint32Array {
  let sum = 0
  return counts.map((count) => (sum += count))
}

function total(counts: Uint32Array): number {
  return counts.reduce((sum, count) => sum + count, 0)
}
