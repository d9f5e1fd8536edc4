/** The values of a column at which a model is asked, as scikit-learn's partial_dependence has them. */

/** The outer parts, in which there are few values, are left out. */
const [LOW, HIGH] = [0.05, 0.95]

/**
 * The column's own values where there are fewer than `points`; else as many from its quantile 0.05 to 0.95, equally far
 * apart, of whole numbers the nearest ones. A missing value, NaN, is none of them.
 */
export function gridOf(column: Float64Array, points: number, isWhole: boolean): number[] {
  const sorted = column.filter((value) => !Number.isNaN(value)).sort()
  const own = [...new Set(sorted)]
  if (own.length < points) return own
  const [from, to] = [quantile(sorted, LOW), quantile(sorted, HIGH)]
  const even = Array.from({ length: points }, (_, i) => from + ((to - from) * i) / Math.max(1, points - 1))
  return [...new Set(isWhole ? even.map(Math.round) : even)]
}

/** As scipy.stats.mstats.mquantiles: of rank (share · n + 0.4 + share / 5), between the values beside it (Cunnane). */
function quantile(sorted: Float64Array, share: number): number {
  const rank = sorted.length * share + 0.4 + share * 0.2
  const below = Math.min(Math.max(Math.floor(rank), 1), Math.max(1, sorted.length - 1))
  const part = Math.min(Math.max(rank - below, 0), 1)
  const at = (place: number) => sorted[place - 1] ?? sorted.at(-1) ?? NaN
  return (1 - part) * at(below) + part * at(below + 1)
}
